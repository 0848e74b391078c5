"""What the figures were measured on."""

import os
import platform
import re
import subprocess
import time


def memory(name):
    """Bytes, from /proc/meminfo."""
    with open("/proc/meminfo") as file:
        return int(re.search(r"^%s:\s+(\d+) kB" % name, file.read(), re.MULTILINE).group(1)) * 1024


def processor():
    with open("/proc/cpuinfo") as file:
        text = file.read()
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    extensions = re.search(r"^flags\s*:\s*(.*)$", text, re.MULTILINE)
    hashes = "with" if extensions and "sha_ni" in extensions.group(1).split() else "without"
    return "%s, %s instructions for SHA-256" % (model.group(1) if model else platform.machine(), hashes)


def first_line(*words):
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split("\n")[0].strip()
    except OSError:
        return "none"


def file_system(folder):
    return first_line("stat", "-f", "-c", "%T", folder)


def facts(bench):
    """(name, text) of each."""
    with open("/etc/os-release") as file:
        system = re.search(r'^PRETTY_NAME="(.*)"', file.read(), re.MULTILINE)
    yield "Date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    yield "Cores", "%d (%s)" % (os.cpu_count(), processor())
    yield "Memory", "%.1f GiB" % (memory("MemTotal") / 2**30)
    yield "System", "%s, kernel %s" % (system.group(1) if system else platform.system(), platform.release())
    yield "Disk", "%s, for data, folder store and restored files alike" % file_system(bench.folder)
    yield "Load before", "%.2f (one minute)" % bench.load
    yield "aeneas-agent", "%s, %.1f MB" % (first_line(bench.agent, "--version").split()[-1], os.path.getsize(bench.agent) / 1e6)
    yield "rclone", first_line("rclone", "version")
    if bench.radosgw:
        yield "radosgw", "%s, one OSD on %s, on the same cores" % (re.sub(r" \(.*?\)", "", first_line("radosgw", "--version")), bench.objectstore())
