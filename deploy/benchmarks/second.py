"""The backup of data that has not changed since the last one."""

import os
import shutil

from benchmarks import dataset, rclone
from benchmarks.agent import Agent


class Second:
    """`samples[store, program]` is a list; `files` of the data."""

    def __init__(self, bench):
        self.bench, self.samples, self.files = bench, {}, 0

    def measure(self):
        theirs = rclone.Rclone(self.bench.folder)
        data = dataset.many(self.bench.folder, self.bench.quick)
        self.files = data.files
        for stores in self.bench.stores():
            agent, place = Agent(self.bench.agent, self.bench.new_folder("agent")), stores.new()
            data.retag("made")
            theirs.put(data.data, place)
            agent.upload(data, place)
            for repetition in range(self.bench.repetitions):
                self.bench.say("unchanged %d files, %s, %d of %d" % (data.files, stores.kind, repetition + 1, self.bench.repetitions))
                place.requests()
                sample, result, _ = agent.upload(data, place)
                if result["reusedSSTables"] != data.sstables or result["sentObjects"]:
                    self.bench.say("NOTE: %d of %d SSTables were reused, %d objects sent" % (result["reusedSSTables"], data.sstables, result["sentObjects"]))
                self.keep(stores, "aeneas", sample, place.requests())
                data.retag("made")
                self.keep(stores, "rclone", theirs.put(data.data, place), place.requests())
            place.remove()
            shutil.rmtree(agent.folder)
        shutil.rmtree(os.path.dirname(data.data))
        return self

    def keep(self, stores, program, sample, seen):
        if seen is not None:
            sample.requests = len(seen)
        self.samples.setdefault((stores.kind, program), []).append(sample)
