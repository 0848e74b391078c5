"""Where the measured programs put their objects: a folder, or buckets of a radosgw that is started for the occasion."""

import json
import os
import re
import shutil
import subprocess
import time
import uuid

from bed import s3
from bed.cache import DEPLOY
from bed.failure import Failure

STORE = '{"format":1,"storeID":"%s"}'


class FolderPlaces:
    """Makes folder stores."""

    kind = "folder"

    def __init__(self, folder):
        self.folder, self.made = folder + "/stores", 0

    def new(self):
        self.made += 1
        return FolderPlace("%s/%d" % (self.folder, self.made))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class FolderPlace:
    def __init__(self, path):
        self.path, self.store_id = path, str(uuid.uuid4())
        os.makedirs(path + "/ours")
        os.makedirs(path + "/theirs")
        with open(path + "/ours/aeneas.json", "w") as file:
            file.write(STORE % self.store_id)

    def access(self):
        return {"folder": {"path": self.path + "/ours"}}

    def remote(self):
        """For rclone: (its name of the place, variables)."""
        return self.path + "/theirs", {}

    def requests(self):
        return None

    def remove(self):
        shutil.rmtree(self.path)


class Radosgw:
    """One server; close() stops it."""

    def __init__(self, folder, store):
        self.folder, self.buckets = folder + "/radosgw", 0
        try:
            subprocess.run([DEPLOY + "/radosgw", "up", self.folder, "--store", store, "--no-bucket"], check=True)
        except BaseException:  # also an interruption, which ends that program before it can tidy up
            self.close()
            raise
        with open(self.folder + "/radosgw.json") as file:
            self.description = json.load(file)

    def admin(self, *words):
        argv = ["radosgw-admin", "-c", self.folder + "/ceph.conf", "-n", "client.rgw", *words]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode:
            raise Failure("%s failed: %s" % (" ".join(words[:2]), done.stdout.strip()[-800:]))

    def close(self):
        subprocess.run([DEPLOY + "/radosgw", "down", self.folder], check=True)


class S3Places:
    """Makes buckets of a Radosgw, reached over `scheme`."""

    def __init__(self, server, scheme):
        self.server, self.kind = server, "S3 over " + scheme
        self.endpoint = server.description["tlsEndpoint" if scheme == "https" else "endpoint"]

    def new(self):
        self.server.buckets += 1
        return S3Place(self.server, self.endpoint, "bench-%d" % self.server.buckets)


class S3Place:
    """Two buckets: `<name>-ours` with a store, and `<name>-theirs`."""

    def __init__(self, server, endpoint, name):
        self.server, self.endpoint, self.name, self.store_id = server, endpoint, name, str(uuid.uuid4())
        for bucket in self.buckets():
            s3.make_bucket(dict(server.description, bucket=bucket))
        self.log = Requests(server.folder + "/log/client.rgw.log")

    def buckets(self):
        return [self.name + "-ours", self.name + "-theirs"]

    def access(self):
        access = {name: self.server.description[name] for name in ("region", "accessKey", "secretKey")}
        with open(self.server.description["caFile"]) as file:
            access["caPEM"] = file.read()
        return {"s3": {"_0": dict(access, endpoint=self.endpoint, bucket=self.name + "-ours", prefix="", pathStyle=True)}}

    def remote(self):
        server = self.server.description
        names = {
            "TYPE": "s3", "PROVIDER": "Ceph", "ENDPOINT": self.endpoint, "REGION": server["region"],
            "ACCESS_KEY_ID": server["accessKey"], "SECRET_ACCESS_KEY": server["secretKey"],
        }
        variables = {"RCLONE_CONFIG_BENCH_" + name: value for name, value in names.items()}
        return "bench:%s-theirs" % self.name, dict(variables, RCLONE_CA_CERT=server["caFile"])

    def requests(self):
        """Those since the last call, as (method, query), from the server's own log."""
        return self.log.new()

    def remove(self):
        """At once: a memory store's device would otherwise fill until the server's own collection runs, hours later."""
        for bucket in self.buckets():
            self.server.admin("bucket", "rm", "--bucket=" + bucket, "--purge-objects", "--bypass-gc")


class Requests:
    """Reads radosgw's access log, one line a request: `… "PUT /bucket/key?partNumber=1&uploadId=… HTTP/1.1" 200 …`."""

    LINE = re.compile(r'beast: .*?"([A-Z]+) (\S+) HTTP/1\.[01]"')

    def __init__(self, path):
        self.path = path
        self.offset = os.path.getsize(path)

    def new(self):
        found, quiet = [], 0
        while quiet < 3:  # the server writes its log a moment later
            time.sleep(0.2)
            lines = self.lines()
            quiet = 0 if lines else quiet + 1
            found += [(match.group(1), match.group(2).partition("?")[2]) for match in map(self.LINE.search, lines) if match]
        return found

    def lines(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            whole = file.read().rpartition(b"\n")[0]
        self.offset += len(whole) + 1 if whole else 0
        return whole.decode("utf-8", "replace").split("\n") if whole else []


def objects_created(requests):
    """How many objects these requests made: plain PUTs and completed uploads in parts."""
    return sum(method == "PUT" and "partNumber=" not in query or method == "POST" and "uploadId=" in query for method, query in requests)
