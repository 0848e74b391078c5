"""How long an application is paused for a backup: on real Cassandra against nodetool in the same window, and on many simulated nodes."""

import datetime
import json
import os
import subprocess
import time
from dataclasses import dataclass, field

from bed import distribution
from bed.cache import DEPLOY
from bed.failure import Failure
from benchmarks import measure, tables
from benchmarks.agent import Agent, backup_id
from benchmarks.instances import Instances
from benchmarks.master import Master
from benchmarks.nodetool import Nodetool

APPLICATION, NODES = "shop", 3


@dataclass
class Window:
    """Milliseconds. `server` is what the slowest node needed for its snapshot by its own account; None where nobody says."""

    length: float
    outage: float
    server: float = None
    # From the first to the last node: the message sent, and its answer come.
    sent: float = None
    answered: float = None


@dataclass
class Crowd:
    """Backups of a cluster of many simulated nodes. Bytes and seconds; those of the registration apart."""

    nodes: int
    registration: float = 0
    windows: list = field(default_factory=list)
    walls: list = field(default_factory=list)
    processor: list = field(default_factory=list)
    # Seconds of each stage, by its name.
    stages: dict = field(default_factory=dict)
    memory: int = 0
    threads: int = 0
    files: int = 0
    # By which the host's available memory fell: everything at once, the agents and both ends of each connection among it.
    fell: int = 0


class Pause:
    """`windows[program]` is a list, empty where there is no Cassandra; `sstables` of each node; `crowds` of simulated nodes."""

    def __init__(self, bench):
        self.bench, self.release, self.sstables = bench, None, 0
        self.windows, self.crowds = {"aeneas": [], "nodetool": []}, []

    def measure(self):
        with Instances() as instances:
            found = distribution.find(None, "5.0.6")
            if found:
                self.release = found.release
                self.on(NODES, ["--data-folders", "1"], lambda bed: self.against_nodetool(bed, instances))
            else:
                self.bench.say("NOTE: no Cassandra can be had here: windows are measured on simulated nodes only")
            for count in [20, 100] if self.bench.quick else [100, 1000]:
                self.on(count, ["--simulated", "--shared-sshd"], lambda bed: self.crowds.append(self.crowd(bed, instances)))
        return self

    def on(self, count, more, body):
        """`body` with a test bed of so many nodes."""
        folder = self.bench.new_folder("bed")
        prefix = "127.%d.%d" % (os.getpid() % 200 + 20, os.getpid() // 200 % 200)
        try:
            subprocess.run([DEPLOY + "/testbed", "up", folder, "--nodes", str(count), "--prefix", prefix, *more], check=True)
            with open(folder + "/testbed.json") as file:
                body(json.load(file))
        finally:
            subprocess.run([DEPLOY + "/testbed", "down", folder], check=True)

    def master(self, instances):
        """One that knows the application and a store."""
        master = Master(self.bench.programs(), self.bench.agent, self.bench.new_folder("master"))
        try:
            targets = [word for target in instances.targets for word in ("--target", target)]
            master.done("application", "add", APPLICATION, "--window", "2m", *targets)
            store = self.bench.new_folder("store")
            os.mkdir(store)
            master.done("store", "add", "main", "--folder", store)
        except BaseException:
            master.close()
            raise
        return master

    # Real nodes.

    def against_nodetool(self, bed, instances):
        self.bench.say("%d SSTables in %d tables on %d nodes" % (tables.TABLES * tables.FLUSHES, tables.TABLES, NODES))
        self.sstables = tables.fill(bed, Agent(self.bench.agent, self.bench.new_folder("agent")))
        tool, master = Nodetool(bed), self.master(instances)
        try:
            master.register(bed, APPLICATION)
            backup(master)  # The first sends everything, which is another measurement.
            count = 3 if self.bench.quick else 10
            for number in range(count):
                self.bench.say("window on Cassandra %s, %d of %d" % (bed["release"], number + 1, count))
                for program in ["aeneas", "nodetool"][:: 1 if number % 2 == 0 else -1]:
                    measure.settle()
                    self.windows[program].append(window(backup(master)) if program == "aeneas" else self.by_nodetool(master, bed, tool))
        finally:
            master.close()

    def by_nodetool(self, master, bed, tool):
        """The same pause around nodetool's snapshots of all nodes at once; they are cleared afterwards."""
        tag = "bench-" + backup_id()
        script = 'echo "$AENEAS_PAUSE"; ' + tool.on_all(bed["nodes"], "snapshot", "-t", tag)
        words = ["pause", "run", APPLICATION, "--max", "2m", "--", "sh", "-c", script]
        ran = subprocess.run(master.command(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=tool.env)
        if ran.returncode:
            raise Failure("aeneas pause run ended with %d: %s" % (ran.returncode, ran.stderr.strip()[-1500:]))
        subprocess.run(["sh", "-c", tool.on_all(bed["nodes"], "clearsnapshot", "-t", tag)], check=True, env=tool.env, stdin=subprocess.DEVNULL)
        return window(master.json("pause", "show", ran.stdout.strip())["window"])

    # Simulated nodes.

    def crowd(self, bed, instances):
        crowd, master = Crowd(len(bed["nodes"])), self.master(instances)
        try:
            self.bench.say("%d simulated nodes: registration" % crowd.nodes)
            crowd.registration = elapsed(lambda: master.register(bed, APPLICATION))
            count = 3 if crowd.nodes < 500 and not self.bench.quick else 1
            for number in range(count):
                self.bench.say("%d simulated nodes: backup %d of %d" % (crowd.nodes, number + 1, count))
                measure.settle()
                self.one_of_many(crowd, master)
            crowd.memory = master.watch.peak
        finally:
            master.close()
        return crowd

    @staticmethod
    def one_of_many(crowd, master):
        master.watch.reset()
        before = master.watch.processor
        crowd.walls.append(elapsed(lambda: start(master)))
        crowd.processor.append(master.watch.processor - before)
        shown = master.last_backup()
        crowd.windows.append(window(proven(shown)))
        for stage in master.json("run", "show", shown["run"])["stages"]:
            crowd.stages.setdefault(stage["name"], []).append(instant(stage["ended"]) - instant(stage["started"]))
        crowd.threads, crowd.files = max(crowd.threads, master.watch.threads), max(crowd.files, master.watch.files)
        crowd.fell = max(crowd.fell, master.watch.fell)


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def elapsed(body):
    began = time.monotonic()
    body()
    return time.monotonic() - began


def start(master):
    master.done("backup", "start", "bench", "--consistent", "--store", "main")


def backup(master):
    """Makes one and gives its window."""
    start(master)
    return proven(master.last_backup())


def proven(shown):
    found = shown["pause"]
    if shown["doubts"] or found["doubts"]:
        raise Failure("backup %s is not consistent: %s" % (shown["id"], found["doubts"]))
    return found


def window(found):
    """Out of a PauseWindow."""
    if found["doubts"]:
        raise Failure("the window of pause %s proves nothing: %s" % (found["pause"], found["doubts"]))
    result = Window(found["windowMicroseconds"] / 1000, found["outageMicroseconds"] / 1000)
    if found["nodes"]:
        result.server = max(node["serverMicroseconds"] for node in found["nodes"]) / 1000
        for name, key in (("sent", "sentMicroseconds"), ("answered", "answeredMicroseconds")):
            times = [node[key] for node in found["nodes"]]
            setattr(result, name, (max(times) - min(times)) / 1000)
    return result
