"""rclone on the same files."""

import os
import subprocess

from benchmarks import measure

# Of the caller's: what would lead it elsewhere, or away from this host.
LEFT_OUT = ["AWS_CA_BUNDLE", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]


class Rclone:
    def __init__(self, folder, transfers=4):
        self.log, self.transfers = folder + "/rclone.log", transfers
        text = subprocess.run(["rclone", "version"], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.release = text.split("\n")[0].split()[-1]

    def put(self, source, place):
        name, variables = place.remote()
        return self.copy(source, name, variables, flushed=name if not variables else None)

    def get(self, place, target):
        name, variables = place.remote()
        return self.copy(name, target, variables, flushed=target)

    def copy(self, source, target, variables, flushed):
        """flushed: the local folder that it writes, if any."""
        env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT and not name.startswith("RCLONE_")}
        measure.settle()
        sample = measure.run(["rclone", "copy", "--config=", "--transfers=%d" % self.transfers, source, target], self.log, env=dict(env, **variables))
        if flushed:
            sample.flushed = sample.wall + measure.flush(flushed)
        return sample
