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


class S3Places:
    """Makes buckets of one radosgw; close() stops it."""

    kind = "S3"

    def __init__(self, folder, store):
        self.folder, self.made = folder + "/radosgw", 0
        try:
            subprocess.run([DEPLOY + "/radosgw", "up", self.folder, "--store", store, "--no-bucket"], check=True)
        except BaseException:  # also an interruption, which ends that program before it can tidy up
            self.close()
            raise
        with open(self.folder + "/radosgw.json") as file:
            self.server = json.load(file)

    def new(self):
        self.made += 1
        return S3Place(self, "bench-%d" % self.made)

    def admin(self, *words):
        argv = ["radosgw-admin", "-c", self.folder + "/ceph.conf", "-n", "client.rgw", *words]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode:
            raise Failure("%s failed: %s" % (" ".join(words[:2]), done.stdout.strip()[-800:]))

    def close(self):
        subprocess.run([DEPLOY + "/radosgw", "down", self.folder], check=True)


class S3Place:
    """Two buckets: `<name>-ours` with a store, and `<name>-theirs`."""

    def __init__(self, places, name):
        self.places, self.server, self.name, self.store_id = places, places.server, name, str(uuid.uuid4())
        for bucket in self.buckets():
            s3.make_bucket(dict(self.server, bucket=bucket))
        self.log = Requests(places.folder + "/log/client.rgw.log")

    def buckets(self):
        return [self.name + "-ours", self.name + "-theirs"]

    def access(self):
        return {"s3": {"_0": {
            "endpoint": self.server["endpoint"], "region": self.server["region"], "bucket": self.name + "-ours", "prefix": "", "pathStyle": True,
            "accessKey": self.server["accessKey"], "secretKey": self.server["secretKey"],
        }}}

    def remote(self):
        names = {
            "TYPE": "s3", "PROVIDER": "Ceph", "ENDPOINT": self.server["endpoint"], "REGION": self.server["region"],
            "ACCESS_KEY_ID": self.server["accessKey"], "SECRET_ACCESS_KEY": self.server["secretKey"],
        }
        return "bench:%s-theirs" % self.name, {"RCLONE_CONFIG_BENCH_" + name: value for name, value in names.items()}

    def requests(self):
        """Those since the last call, as (method, query), from the server's own log."""
        return self.log.new()

    def remove(self):
        """At once: a memory store's device would otherwise fill until the server's own collection runs, hours later."""
        for bucket in self.buckets():
            self.places.admin("bucket", "rm", "--bucket=" + bucket, "--purge-objects", "--bypass-gc")


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
