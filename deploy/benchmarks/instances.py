"""Three instances of an application with scalar-admin's service, on Python's grpcio (bed/scalar_admin.py), in a process of their own."""

import json
import subprocess

from bed.cache import DEPLOY
from bed.failure import Failure

COUNT = 3


class Instances:
    """`targets` are their addresses. They have nothing under way, so that a pause waits for nothing."""

    def __init__(self):
        python = subprocess.run([DEPLOY + "/setup", "python"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        words = [python, "-W", "ignore", DEPLOY + "/bed/scalar_admin.py", "--instances", str(COUNT)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise Failure("the instances of the application did not start")
        self.targets = ["127.0.0.1:%d" % each["port"] for each in json.loads(line)["instances"]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
