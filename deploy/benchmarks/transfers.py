"""Upload and download of the same files by the agent and by rclone, in turn."""

import os
import shutil

from bed.failure import Failure
from benchmarks import dataset, places, rclone
from benchmarks.agent import Agent

PROGRAMS = ["aeneas", "rclone"]


class Transfers:
    """`samples[data, store, direction, program]` is a list; `created[data]` the objects created for each SSTable in S3, first to last run."""

    def __init__(self, bench, makers):
        self.bench, self.makers, self.samples, self.created, self.data = bench, makers, {}, {}, []

    def measure(self):
        theirs = rclone.Rclone(self.bench.folder)
        for make in self.makers:
            data = make(self.bench.folder, self.bench.quick)
            self.data.append(data)
            for stores in self.bench.stores(["https", "http"]):
                for repetition in range(self.bench.repetitions):
                    self.bench.say("%s, %s, %d of %d" % (data.name, stores.kind, repetition + 1, self.bench.repetitions))
                    self.once(data, stores, theirs, PROGRAMS[:: 1 if repetition % 2 == 0 else -1])
            shutil.rmtree(os.path.dirname(data.data))
        return self

    def once(self, data, stores, theirs, order):
        agent, place = Agent(self.bench.agent, self.bench.new_folder("agent")), stores.new()
        backup = None
        for program in order:
            place.requests()
            if program == "aeneas":
                sample, result, backup = agent.upload(data, place)
                seen = place.requests()
                if seen is not None:
                    self.created.setdefault(data.name, []).append((places.objects_created(seen) - 1) / data.sstables)  # one is the manifest
            else:
                sample = theirs.put(data.data, place)
                seen = place.requests()
            self.keep(data, stores, "up", program, sample, seen)
        for program in order:
            target = self.bench.new_folder("restored")
            os.makedirs(target)
            if program == "aeneas":
                sample, staged = agent.stage(place, backup, result["manifestSHA256"], target)
                if staged["counts"]["bytes"] != data.bytes:
                    raise Failure("the agent staged %s, not the %d bytes of the data" % (staged["counts"], data.bytes))
            else:
                sample = theirs.get(place, target + "/data")
            self.keep(data, stores, "down", program, sample, place.requests())
            shutil.rmtree(target)
        self.keep(data, stores, "verify", "aeneas", agent.verify(place, backup, result["manifestSHA256"]), place.requests())
        place.remove()
        shutil.rmtree(agent.folder)

    def keep(self, data, stores, direction, program, sample, seen):
        """The server's own count, where there is a server, goes before what the program says."""
        if seen is not None:
            sample.requests = len(seen)
        self.samples.setdefault((data.name, stores.kind, direction, program), []).append(sample)


def warm_up(bench, stores):
    """A few objects, whole and in parts: a new radosgw makes its pools with the first of each kind, which takes seconds."""
    data = dataset.Dataset("warm-up", bench.folder + "/warm", 2, lambda at: {"Data.db": (32 << 20) >> (10 * at)}, tables=1)
    agent, place = Agent(bench.agent, bench.new_folder("agent")), stores.new()
    agent.upload(data, place)
    rclone.Rclone(bench.folder).put(data.data, place)
    place.remove()
    shutil.rmtree(agent.folder)
    shutil.rmtree(os.path.dirname(data.data))


MAKERS = {"upload": dataset.large, "mixed": dataset.mixed}
