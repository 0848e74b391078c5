"""One node of a test bed, from its description in testbed.json."""

import json
import os
import shutil
import signal
import time

from bed import cql, ports, processes, sshd
from bed.failure import Failure


def description(folder):
    try:
        with open(folder + "/testbed.json") as file:
            return json.load(file)
    except FileNotFoundError:
        raise Failure("no test bed in %s (HINT: deploy/testbed up %s makes one)" % (folder, folder))


def open_all(folder):
    bed = description(folder)
    if bed["kind"] == "simulated":
        from bed.simulated import SimulatedNode as Kind
    else:
        Kind = CassandraNode
    return [Kind(folder, node) for node in bed["nodes"]]


def open_node(folder, address):
    nodes = open_all(folder)
    for node in nodes:
        if node.facts["address"] == address:
            return node
    raise Failure("no node %s in test bed %s: it has %s" % (address, folder, ", ".join(node.facts["address"] for node in nodes[:10])))


class Node:
    def __init__(self, bed, facts):
        self.bed, self.facts = bed, facts

    def __str__(self):
        return "node%d %s" % (self.facts["number"], self.facts["address"])

    def start_sshd(self):
        sshd.start(self.facts)

    def stop_sshd(self):
        sshd.stop(self.facts)

    def wipe(self):
        """Removes data, commit log, hints, saved caches and cdc_raw, folders and all."""
        facts = self.facts
        for folder in facts["dataFolders"] + [facts[name] for name in ("commitLog", "hints", "savedCaches", "cdcRaw")]:
            shutil.rmtree(folder, ignore_errors=True)

    def control(self, words):
        raise Failure("%s is not simulated: control is for simulated nodes" % self)


class CassandraNode(Node):
    def running(self):
        return processes.running(self.facts["pidFile"], self.facts["home"])

    def start(self, properties=()):
        if self.running():
            return
        home = self.facts["home"]
        with open(home + "/launch.json") as file:
            launch = json.load(file)
        for folder in ("logs", "tmp"):
            os.makedirs(home + "/" + folder, exist_ok=True)
        argv = launch["arguments"][:-1] + list(properties) + launch["arguments"][-1:]
        processes.spawn(argv, launch["environment"], home + "/logs/stdout.log", self.facts["pidFile"], home)

    def stop(self):
        processes.stop(self.facts["pidFile"], self.facts["home"])

    def kill(self):
        processes.stop(self.facts["pidFile"], self.facts["home"], signal.SIGKILL)

    def wipe(self):
        if self.running():
            raise Failure("%s is running: stop or kill it before its folders are removed" % self)
        super().wipe()

    def wait(self, timeout_seconds=240):
        """Waits until CQL answers."""
        self.wait_for_port(self.facts["address"], self.facts["cqlPort"], timeout_seconds)

    def wait_for_port(self, address, port, timeout_seconds=240):
        deadline = time.monotonic() + timeout_seconds
        while not ports.listening(address, port):
            if not self.running():
                raise Failure("Cassandra of %s has ended by itself:\n%s" % (self, self.log_end()))
            if time.monotonic() > deadline:
                raise Failure("%s does not listen on %s:%d after %d s:\n%s" % (self, address, port, timeout_seconds, self.log_end()))
            time.sleep(0.1)

    def log_end(self):
        """The last lines of both logs."""
        text = ""
        for name in ("stdout.log", "system.log"):
            try:
                with open("%s/logs/%s" % (self.facts["home"], name), errors="replace") as file:
                    text += "".join("  | " + line for line in file.readlines()[-12:])
            except OSError:
                pass
        return text

    def schema_versions(self):
        return cql.schema_versions(self.facts["address"], self.facts["cqlPort"])
