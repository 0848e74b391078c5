"""A question to Cassandra by the agent and by nodetool."""

import json
import os
import subprocess
import time

from bed.cache import DEPLOY
from benchmarks import measure
from benchmarks.agent import Agent, Serve
from benchmarks.nodetool import Nodetool

TAG = "aeneas-20200101T000000Z-abcdef"


class JMX:
    """`rows` are (question, program, list of seconds); `kind` says what answered."""

    def __init__(self, bench):
        self.bench, self.rows, self.kind = bench, [], ""

    def measure(self):
        bed = self.bench.folder + "/bed"
        prefix = "127.%d.%d" % (os.getpid() % 200 + 20, os.getpid() // 200 % 250)
        try:
            subprocess.run([DEPLOY + "/testbed", "up", bed, "--nodes", "1", "--prefix", prefix], check=True)
            with open(bed + "/testbed.json") as file:
                self.ask(json.load(file))
        finally:
            subprocess.run([DEPLOY + "/testbed", "down", bed], check=True)
        return self

    def ask(self, bed):
        node = bed["nodes"][0]
        access = {"jmxHost": node["jmxHost"], "jmxPort": node["jmxPort"]}
        self.kind = "Cassandra %s" % bed["release"] if bed["kind"] == "cassandra" else "a simulated node"
        agent = Agent(self.bench.agent, self.bench.new_folder("agent"))
        inspect = {"inspect": {"_0": access, "ring": "whole"}}
        with Serve(agent.path) as serve:
            facts = serve.ask(inspect)["facts"]["_0"]
        clear = {"clearSnapshot": {"_0": {"access": access, "tag": TAG, "folders": facts["folders"]}}}
        tool = self.nodetool(bed, node)
        questions = [("all facts of a node", inspect, ["info"]), ("clear a snapshot that is not there", clear, ["clearsnapshot", "-t", TAG])]
        for name, request, words in questions:
            self.bench.say("%s: %s" % (self.kind, name))
            self.question(name, agent, request, tool, words)
        if tool:
            self.rows.append(("the release alone", "`nodetool version`", [self.timed(lambda: tool(["version"])) for _ in range(self.count(5))]))

    def question(self, name, agent, request, tool, words):
        cold, warm, theirs = [], [], []
        for _ in range(self.count(5)):
            began = time.monotonic()
            with Serve(agent.path) as serve:
                serve.ask(request)
                cold.append(time.monotonic() - began)
                warm += [self.timed(lambda: serve.ask(request)) for _ in range(5)]
            if tool:
                theirs.append(self.timed(lambda: tool(words)))
        self.rows += [(name, "aeneas-agent, cold", cold), (name, "aeneas-agent, warm", warm)]
        if tool:
            self.rows.append((name, "`nodetool %s`" % words[0], theirs))

    def count(self, full):
        return 2 if self.bench.quick else full

    @staticmethod
    def timed(body):
        began = time.monotonic()
        body()
        return time.monotonic() - began

    def nodetool(self, bed, node):
        """Runs it with words; None where there is no Cassandra."""
        if bed["kind"] != "cassandra":
            return None
        tool = Nodetool(bed)
        return lambda words: measure.run(tool.words(node, *words), self.bench.folder + "/nodetool.log", env=tool.env)
