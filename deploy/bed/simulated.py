"""Simulated nodes: our own Java program (deploy/simulated) in place of Cassandra. One process a node, or one for all of a large test bed."""

import glob
import hashlib
import os
import signal
import socket
import subprocess
import time

from bed import cache, cassandra, java, nodes, ports, processes, sshd
from bed.failure import Failure

SOURCES = cache.DEPLOY + "/simulated"
# Beyond this many, one process and one sshd serve all.
SEPARATE = 16


def classes(java_home):
    """The folder of the compiled program, one for each content of its sources."""
    files = sorted(glob.glob(SOURCES + "/*.java"))
    digest = hashlib.sha256()
    for path in files:
        with open(path, "rb") as file:
            digest.update(file.read())

    def compile(target):
        subprocess.run([java_home + "/bin/javac", "-nowarn", "--release", "17", "-d", target, *files], check=True)

    return cache.entry("simulated-" + digest.hexdigest()[:12], compile)


def in_one_process(count):
    return count > SEPARATE


def prepare(bed, options, authorized):
    """Writes what the nodes need. A large bed's sshd listens on all addresses: the nodes share its port and key."""
    large = in_one_process(options.nodes)
    java_home = java.home(range(17, 40), compiler=True)
    program = classes(java_home)
    shared = {"home": options.dir + "/shared", "address": "0.0.0.0", "sshPort": bed["nodes"][0]["sshPort"]}
    if options.shared_sshd:
        sshd.configure(shared, authorized, own_home=True)
    os.makedirs(options.dir + "/ring")
    os.makedirs(options.dir + "/schema")
    for node in bed["nodes"]:
        home = node["home"]
        os.makedirs(home + "/logs")
        for folder in [node["hints"], node["cdcRaw"]]:
            os.makedirs(folder)
        if options.shared_sshd:
            for name in ("hostPublicKeyFile", "hostKeyFingerprint"):
                node[name] = shared[name]
            node["sshHome"] = shared["home"]
        else:
            sshd.configure(node, authorized)
        if large:
            node["pidFile"] = options.dir + "/simulated.pid"
        cassandra.write_configuration(bed, node)
        write_properties(home + "/simulated.properties", bed, node, large)
    heap = "-Xmx%dM" % (768 if large else 96)
    launch = [java_home + "/bin/java", heap, "-Xss256k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp", program, "SimulatedNodes"]
    with open(options.dir + "/simulated.launch", "w") as file:
        file.write("\n".join(launch))


def write_properties(path, bed, node, large):
    values = {
        "clusterName": bed["clusterName"],
        "release": bed["release"],
        "storagePort": bed["storagePort"],
        "large": "true" if large else "false",
        "tokens": ",".join(map(str, node["tokens"])),
        "dataFolders": "\n".join(node["dataFolders"]),
    }
    values.update((name, node[name]) for name in ("address", "jmxPort", "datacenter", "rack", "commitLog", "hints", "savedCaches", "cdcRaw"))
    with open(path, "w") as file:
        for name, value in values.items():
            file.write("%s=%s\n" % (name, str(value).replace("\\", "\\\\").replace("\n", "\\n")))


def start_all(folder, made, shared_sshd):
    if shared_sshd:
        sshd.start(shared_server(made[0].facts))
    else:
        for node in made:
            node.start_sshd()
    if in_one_process(len(made)):
        spawn(folder, folder, folder + "/simulated.pid", folder + "/simulated.log")
    else:
        for node in made:
            node.start()
    for node in made:
        node.wait()


def shared_server(facts):
    return {"home": facts["sshHome"], "address": "0.0.0.0", "sshPort": facts["sshPort"]}


def spawn(bed, subject, pid_file, log, properties=()):
    with open(bed + "/simulated.launch") as file:
        launch = file.read().split("\n")
    argv = launch[:-3] + list(properties) + launch[-3:] + [subject]
    processes.spawn(argv, {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, log, pid_file, "/")


def stop(folder):
    """Ends the one process of a large test bed."""
    processes.stop(folder + "/simulated.pid", folder, signal.SIGKILL)


class SimulatedNode(nodes.Node):
    def __init__(self, bed, facts):
        super().__init__(bed, facts)
        self.grouped = facts["pidFile"] == bed + "/simulated.pid"
        self.subject = bed if self.grouped else facts["home"]

    def __str__(self):
        return "simulated " + super().__str__()

    def running(self):
        return processes.running(self.facts["pidFile"], self.subject)

    def listening(self):
        return ports.listening("127.0.0.1", self.facts["jmxPort"])

    def start(self, properties=()):
        if not self.running():
            if os.path.exists(self.subject + "/control.port"):
                os.unlink(self.subject + "/control.port")
            log = self.bed + "/simulated.log" if self.grouped else self.facts["home"] + "/logs/system.log"
            spawn(self.bed, self.subject, self.facts["pidFile"], log, properties)
        elif self.grouped:
            self.control(["start"])

    def stop(self):
        if self.grouped:
            if self.running():
                self.control(["stop"])
        else:
            processes.stop(self.facts["pidFile"], self.subject)

    def kill(self):
        if self.grouped:
            self.stop()
        else:
            processes.stop(self.facts["pidFile"], self.subject, signal.SIGKILL)

    def wipe(self):
        if self.running() and self.listening():
            raise Failure("%s is running: stop or kill it before its folders are removed" % self)
        super().wipe()

    def wait(self, timeout_seconds=60):
        """Waits until JMX and the control port answer. There is no CQL."""
        deadline = time.monotonic() + timeout_seconds
        while not (self.listening() and os.path.exists(self.subject + "/control.port")):
            if not self.running():
                raise Failure("%s has ended by itself:\n%s" % (self, self.log_end()))
            if time.monotonic() > deadline:
                raise Failure("%s does not answer after %d s:\n%s" % (self, timeout_seconds, self.log_end()))
            time.sleep(0.03)

    def log_end(self):
        path = self.bed + "/simulated.log" if self.grouped else self.facts["home"] + "/logs/system.log"
        try:
            with open(path, errors="replace") as file:
                return "".join("  | " + line for line in file.readlines()[-12:])
        except OSError:
            return ""

    def start_sshd(self):
        sshd.start(shared_server(self.facts) if "sshHome" in self.facts else self.facts)

    def stop_sshd(self):
        sshd.stop(shared_server(self.facts) if "sshHome" in self.facts else self.facts)

    def control(self, words):
        """Sends one command and returns the answer without its 'ok'."""
        try:
            with open(self.subject + "/control.port") as file:
                port = int(file.read())
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                connection.sendall((" ".join([self.facts["address"], *words]) + "\n").encode())
                answer = connection.makefile().readline().strip()
        except OSError as error:
            raise Failure("%s takes no commands: %s" % (self, error))
        if answer.startswith("error"):
            raise Failure("%s: %s" % (self, answer))
        return answer
