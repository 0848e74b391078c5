"""Stops what a test bed started and removes its folder; also after an `up` that failed half-way."""

import glob
import os
import shutil
import signal

from bed import processes, simulated, sshd
from bed.failure import Failure

MARK = ".aeneas-testbed"


def run(folder):
    if not os.path.exists(folder):
        return
    if not os.path.exists(folder + "/" + MARK):
        raise Failure("%s is not a test bed: it is left alone" % folder)
    sshd.stop({"home": folder + "/shared"})
    for home in glob.glob(glob.escape(folder) + "/node*"):
        sshd.stop({"home": home})
        processes.stop(home + "/cassandra.pid", home, signal.SIGKILL)
    simulated.stop(folder)
    for attempt in range(5):  # a killed process may have made one more file
        shutil.rmtree(folder, ignore_errors=attempt < 4)
        if not os.path.exists(folder):
            break
