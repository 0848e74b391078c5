"""Speaks to aeneas-agent as the master does, and runs its jobs as processes of this one, so that the kernel accounts them to us."""

import copy
import datetime
import json
import os
import secrets
import shutil
import subprocess
import uuid

from bed.failure import Failure
from benchmarks import measure

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAGIC = b"AEN1"


def ulid():
    return "0" + "".join(secrets.choice(CROCKFORD) for _ in range(25))


def backup_id():
    return now().strftime("%Y%m%dT%H%M%SZ-") + secrets.token_hex(3)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Agent:
    """The program in a folder of its own, which is where it keeps what it knows. `workers`: objects at a time."""

    def __init__(self, binary, folder, workers=4):
        os.makedirs(folder, mode=0o700)
        self.folder, self.path, self.workers = folder, folder + "/aeneas-agent", workers
        shutil.copy(binary, self.path)
        self.cluster_id, self.host_id = str(uuid.uuid4()), str(uuid.uuid4())

    def upload(self, dataset, place):
        """Backs up under a new id; gives (Sample, UploadResult as a mapping, backup id)."""
        backup = backup_id()
        dataset.retag("aeneas-" + backup)
        stamp = now().strftime("%Y-%m-%dT%H:%M:%SZ")
        node = {
            "format": 1, "cluster": "bench", "clusterID": self.cluster_id, "backup": backup, "hostID": self.host_id,
            "address": "127.0.0.1", "datacenter": "dc1", "rack": "rack1", "tokens": ["0"], "release": "5.0.6",
            "dataFolders": [dataset.data], "snapshotStarted": stamp, "snapshotEnded": stamp,
        }
        work = {"store": place.access(), "storeID": place.store_id, "node": node, "folders": self.layout(dataset.data), "keyspaces": []}
        work["transfer"] = self.transfer()
        sample, result = self.job("upload", work)
        uploaded = result["uploaded"]["_0"]
        if uploaded["damaged"] or uploaded["counts"]["files"] != dataset.files:
            raise Failure("the agent backed up %s, not the %d files of the data" % (uploaded["counts"], dataset.files))
        sample.requests = uploaded["requests"]
        return sample, uploaded, backup

    def stage(self, place, backup, manifest, target):
        work = self.source(place, backup, manifest)
        work.update(layout={"restore": ulid(), "folders": self.layout(target + "/data")}, without=[], withoutDamaged=False)
        sample, result = self.job("stage", work)
        return sample, result["staged"]["_0"]

    def verify(self, place, backup, manifest):
        sample, result = self.job("verify", self.source(place, backup, manifest))
        if result["verified"]["_0"]["faults"]:
            raise Failure("the agent found faults: %s" % result["verified"]["_0"]["faults"][:3])
        return sample

    def source(self, place, backup, manifest):
        return {"store": place.access(), "cluster": "bench", "backup": backup, "source": self.host_id, "manifestSHA256": manifest, "transfer": self.transfer()}

    def transfer(self):
        return {"workers": self.workers}

    def layout(self, data):
        return {"data": [data], "commitLog": os.path.dirname(data) + "/commitlog"}

    def job(self, kind, work):
        """The job's own process from its start to its end, as `serve` would start it: (Sample, its result)."""
        request = {"id": ulid(), "work": {kind: {"_0": copy.deepcopy(work)}}, "leaseSeconds": 3600}
        folder = "%s/jobs/%s" % (self.folder, request["id"])
        measure.settle()
        sample = measure.run([self.path, "job", folder], self.folder + "/log", stdin=json.dumps(request).encode())
        with open(folder + "/events.jsonl") as file:
            outcome = json.loads(file.readlines()[-1])["ended"]["_0"]
        if "succeeded" not in outcome:
            raise Failure("the agent's %s failed: %s" % (kind, json.dumps(outcome)))
        shutil.rmtree(folder)
        return sample, outcome["succeeded"]["_0"]


class Serve:
    """`aeneas-agent serve` and its pipes. `hello` is its first word."""

    def __init__(self, path):
        self.process = subprocess.Popen([path, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.hello = self.read()["hello"]["_0"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def read(self):
        header = self.process.stdout.read(8)
        if header[:4] != MAGIC:
            raise Failure("the agent said no frame but %r" % header)
        return json.loads(self.process.stdout.read(int.from_bytes(header[4:], "big")))

    def ask(self, request):
        body = json.dumps(request).encode()
        self.process.stdin.write(MAGIC + len(body).to_bytes(4, "big") + body)
        self.process.stdin.flush()
        while True:
            event = self.read()
            if "failed" in event:
                raise Failure("the agent refused %s: %s" % (list(request), json.dumps(event["failed"])))
            if "result" in event:
                return event["result"]["_0"]
