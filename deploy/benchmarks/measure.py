"""Runs one program and measures it by what the kernel accounts to it and to the children that it waited for."""

import os
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass

from bed.failure import Failure


@dataclass
class Sample:
    """Seconds of wall and of processor (user and system), and bytes of memory at the peak (of the largest process)."""

    wall: float
    processor: float = None
    memory: int = None
    # Requests to the store, of every kind; None where nobody counts them.
    requests: int = None
    # The same wall and then `sync -f`, for a program that leaves its files to the kernel; None for one that flushes them itself.
    flushed: float = None


def run(argv, log, stdin=b"", env=None):
    """A Sample of the program from before its start to its end. Its output goes to the file `log`.

    A process's peak counts what its parent held when it was started, so that this one's own is the least that can be told.
    """
    with open(log, "ab") as out:
        started = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=out, env=env)
        try:
            process.stdin.write(stdin)
            process.stdin.close()
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        with open(log, errors="replace") as file:
            raise Failure("%s ended with %d: %s" % (" ".join(argv[:3]), process.returncode, file.read().strip()[-800:]))
    return Sample(wall, usage.ru_utime + usage.ru_stime, max(usage.ru_maxrss, own_peak()) * 1024)


def own_peak():
    """KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def settle():
    """What earlier runs wrote reaches the disk first, so that no run pays for another."""
    os.sync()


def flush(folder):
    """Seconds until the file system of `folder` has everything on its disk."""
    started = time.monotonic()
    subprocess.run(["sync", "-f", folder], check=True)
    return time.monotonic() - started


def median(values):
    return statistics.median(values)
