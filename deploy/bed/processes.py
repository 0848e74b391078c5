"""Detached processes with a pid file. A pid counts as ours only while its command line names the folder that it was started for."""

import os
import signal
import subprocess
import time


def spawn(argv, env, log, pid_file, cwd):
    """Starts argv in a session of its own, its streams in the file `log`, and writes its pid. Returns the pid."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "ab") as out:
        process = subprocess.Popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, close_fds=True)
    temporary = pid_file + ".new"
    with open(temporary, "w") as file:
        file.write("%d\n" % process.pid)
    os.replace(temporary, pid_file)
    process.returncode = 0  # it outlives this program: no warning that it was not waited for
    return process.pid


def command_line(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def state(pid):
    """The letter of /proc/PID/stat; '' when there is no such process."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def running(pid_file, folder):
    """The pid in `pid_file` when that process is alive and its command line names `folder`, otherwise None."""
    try:
        with open(pid_file) as file:
            pid = int(file.read())
    except (OSError, ValueError):
        return None
    for _ in range(100):
        if state(pid) in ("", "Z", "X"):
            return None
        line = command_line(pid)
        if line:
            return pid if folder in line else None
        time.sleep(0.005)  # in the middle of its exec a process has no command line yet
    return None


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            if parent == pid:
                found.append(int(name))
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def stop(pid_file, folder, number=signal.SIGTERM, patience_seconds=120):
    """Sends the signal and waits until the process is gone; SIGKILL when patience ends. True when something ran."""
    pid = running(pid_file, folder)
    if pid is not None:
        send(pid, number)
        deadline = time.monotonic() + patience_seconds
        while running(pid_file, folder):
            if time.monotonic() > deadline:
                send(pid, signal.SIGKILL)
                deadline += 3600
            reap(pid)
            time.sleep(0.02)
    if os.path.lexists(pid_file):
        os.unlink(pid_file)
    return pid is not None
