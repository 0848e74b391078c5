"""An aeneasd of its own, with `aeneas` to talk to it, and what the kernel says of it."""

import json
import os
import re
import shlex
import subprocess
import threading
import time

from bed import processes
from bed.failure import Failure


class Master:
    """`programs` is the folder of aeneas and aeneasd. Ends with `close`."""

    def __init__(self, programs, agent, folder):
        os.makedirs(folder, mode=0o700)
        self.programs, self.folder, self.socket = programs, folder, folder + "/s"
        open(folder + "/empty.yaml", "w").close()
        words = [programs + "/aeneasd", "run", "--state-folder", folder + "/state", "--socket", self.socket, "--config", folder + "/empty.yaml", "--agent", agent]
        with open(folder + "/log", "ab") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.wait_until_up()
        except BaseException:
            self.close()
            raise
        self.watch = Watch(self.process.pid)

    def wait_until_up(self):
        for _ in range(300):
            if os.path.exists(self.socket) and self.run(["cluster", "list"]).returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise Failure("aeneasd did not come up: %s" % self.log_end())

    def log_end(self):
        with open(self.folder + "/log", errors="replace") as file:
            return file.read().strip()[-1500:]

    def command(self, words):
        return [self.programs + "/aeneas", "--socket", self.socket, *words]

    def run(self, words):
        return subprocess.run(self.command(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def done(self, *words):
        """Its output, once it has succeeded."""
        ran = self.run(words)
        if ran.returncode:
            raise Failure("aeneas %s ended with %d: %s" % (" ".join(words[:3]), ran.returncode, (ran.stdout + ran.stderr).strip()[-1500:]))
        return ran.stdout

    def json(self, *words):
        return json.loads(self.done(*words, "--output", "json"))

    def register(self, bed, application=None):
        """The test bed as the cluster `bench`."""
        ports = {node["sshPort"] for node in bed["nodes"]}
        words = ["cluster", "add", "bench", "--contact", bed["nodes"][0]["address"], "--ssh-user", bed["sshUser"], "--ssh-key", bed["sshKey"]]
        words += ["--agent-folder", os.path.dirname(os.path.dirname(bed["sshKey"])) + "/agent", "--accept-new-host-keys"]
        words += ["--ssh-port", str(ports.pop())] if len(ports) == 1 else []
        words += ["--application", application] if application else []
        for node in bed["nodes"]:
            own = ["ssh-port=%d" % node["sshPort"]] if ports else []
            words += ["--node", "%s:%s" % (node["address"], ",".join(own + ["jmx-port=%d" % node["jmxPort"]]))]
        for kind in ("stop", "start"):
            words += ["--%s-command" % kind, shlex.join(bed[kind + "Command"])]
        self.done(*words)

    def last_backup(self):
        return self.json("backup", "show", self.json("backup", "list", "--cluster", "bench")[0]["id"])

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Watch:
    """What a process had at most since `reset`: threads and open files, and by how much the host's available memory fell. Looks ten times a second."""

    def __init__(self, pid):
        self.pid = pid
        self.reset()
        threading.Thread(target=self.look, daemon=True).start()

    def reset(self):
        self.threads, self.files, self.available, self.before = 0, 0, None, available()

    def look(self):
        while processes.state(self.pid) not in ("", "Z"):
            try:
                self.threads = max(self.threads, int(self.status("Threads")))
                self.files = max(self.files, len(os.listdir("/proc/%d/fd" % self.pid)))
            except OSError:
                return
            self.available = min(self.available or self.before, available())
            time.sleep(0.1)

    def status(self, name):
        with open("/proc/%d/status" % self.pid) as file:
            return re.search(r"^%s:\s+(\d+)" % name, file.read(), re.MULTILINE).group(1)

    @property
    def peak(self):
        """Bytes of the largest resident set since the process's start."""
        return int(self.status("VmHWM")) * 1024

    @property
    def processor(self):
        """Seconds of user and system time since its start."""
        with open("/proc/%d/stat" % self.pid) as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def fell(self):
        """Bytes by which the host's available memory fell at most."""
        return self.before - (self.available or self.before)


def available():
    from benchmarks import machine

    return machine.memory("MemAvailable")
