"""What the bank's customers were told: a line of JSON for each transfer when it begins and when it ends, the latter on disk before anyone is told.

{"transfer": ID, "began": US}   {"transfer": ID, "began": US, "ended": US, "state": "ACKED" | "UNKNOWN" | "ABORTED"}

A transfer is named as its transaction. Times are microseconds of the clock on the wall. One without an end was cut off with its process: UNKNOWN.
"""

import json
import os
import threading
from dataclasses import dataclass

ACKED, UNKNOWN, ABORTED = "ACKED", "UNKNOWN", "ABORTED"


class Journal:
    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8")
        self._lock = threading.Lock()

    def began(self, transfer, began):
        self._write({"transfer": transfer, "began": began})

    def ended(self, transfer, began, ended, state):
        self._write({"transfer": transfer, "began": began, "ended": ended, "state": state})
        os.fsync(self._file.fileno())

    def _write(self, entry):
        with self._lock:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()


@dataclass
class Transfer:
    name: str
    began: int
    ended: int
    state: str


def read(paths):
    """All transfers, by name."""
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                if not line.endswith("\n"):
                    continue  # cut off in the middle of a write
                entry = json.loads(line)
                name = entry["transfer"]
                if "state" in entry or name not in found:
                    found[name] = Transfer(name, entry["began"], entry.get("ended"), entry.get("state", UNKNOWN))
    return found
