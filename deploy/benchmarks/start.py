"""How soon the agent is there, and what it takes while it waits."""

import re
import time

from benchmarks import measure
from benchmarks.agent import Agent, Serve

TIMES = 50


class Start:
    """Seconds to the end of `--version` and to the hello of `serve`; bytes that `serve` holds idle, and those of them that are its own."""

    def __init__(self, bench):
        self.bench, self.version, self.hello, self.resident, self.own = bench, [], [], 0, 0

    def measure(self):
        self.bench.say("start of the agent, %d times" % TIMES)
        agent = Agent(self.bench.agent, self.bench.new_folder("agent"))
        for _ in range(TIMES):
            self.version.append(measure.run([agent.path, "--version"], self.bench.folder + "/log").wall)
            began = time.monotonic()
            with Serve(agent.path) as serve:
                self.hello.append(time.monotonic() - began)
                with open("/proc/%d/status" % serve.process.pid) as file:
                    sizes = dict(re.findall(r"(\w+):\s+(\d+) kB", file.read()))
                self.resident = max(self.resident, int(sizes["VmRSS"]) * 1024)
                self.own = max(self.own, int(sizes["RssAnon"]) * 1024)
        return self
