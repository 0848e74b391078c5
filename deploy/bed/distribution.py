"""Finds Apache Cassandra: CASSANDRA_HOME, an installed one, ../shared/dist beside the repository, Apache's download."""

import glob
import hashlib
import os
import re
import sys
import tarfile
import urllib.request

from bed import cache

DOWNLOAD = "https://archive.apache.org/dist/cassandra/{0}/apache-cassandra-{0}-bin.tar.gz"
INSTALLED = ["/usr/share/cassandra", "/opt/cassandra"]


class Distribution:
    """`home` holds the jars, in lib or beside it; `release` is read from the name of Cassandra's own jar."""

    def __init__(self, home):
        self.home = os.path.abspath(home)
        self.jars = sorted(glob.glob(self.home + "/*.jar") + glob.glob(self.home + "/lib/*.jar"))
        names = [re.fullmatch(r"(?:apache-cassandra|cassandra-all)-(\d.*)\.jar", os.path.basename(jar)) for jar in self.jars]
        releases = [name.group(1) for name in names if name]
        self.release = releases[0] if releases else None
        self.agent = next((jar for jar in self.jars if os.path.basename(jar).startswith("jamm-")), None)


def on_this_host(wanted):
    """The first Cassandra of CASSANDRA_HOME and the usual places that has the wanted release (any when None)."""
    candidates = [os.environ["CASSANDRA_HOME"]] if os.environ.get("CASSANDRA_HOME") else []
    for home in candidates + INSTALLED:
        found = Distribution(home)
        if found.release and wanted in (None, found.release):
            return found
        if found.release:
            print("testbed: %s holds Cassandra %s, not the wanted %s: passed over" % (home, found.release, wanted), file=sys.stderr)
    return None


def unpacked(archive, release):
    def extract(target):
        with tarfile.open(archive) as tar:
            tar.extractall(target)

    return Distribution(os.path.join(cache.entry("cassandra-" + release, extract), "apache-cassandra-" + release))


def downloaded(release):
    """Apache's own release, checked against its SHA-512. OSError when it cannot be reached within seconds."""
    url = DOWNLOAD.format(release)

    def fetch(target):
        with urllib.request.urlopen(url + ".sha512", timeout=5) as answer:
            expected = answer.read(4096).split()[0].decode("ascii").lower()
        print("testbed: downloading %s" % url, file=sys.stderr)
        archive, digest = os.path.join(target, "archive"), hashlib.sha512()
        with urllib.request.urlopen(url, timeout=5) as answer, open(archive, "wb") as file:
            for block in iter(lambda: answer.read(1 << 20), b""):
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != expected:
            raise OSError("%s: its SHA-512 is %s, Apache says %s" % (url, digest.hexdigest(), expected))
        with tarfile.open(archive) as tar:
            tar.extractall(target)
        os.unlink(archive)

    return Distribution(os.path.join(cache.entry("cassandra-" + release, fetch), "apache-cassandra-" + release))


def find(wanted, default):
    """A Distribution, or None (and says why) when none can be had: the caller falls back to simulated nodes."""
    if os.environ.get("AENEAS_TESTBED_NO_CASSANDRA") == "1":
        return None
    found = on_this_host(wanted)
    if found:
        return found
    release = wanted or default
    archive = os.path.join(os.path.dirname(cache.ROOT), "shared", "dist", "apache-cassandra-%s.tar.xz" % release)
    if os.path.exists(archive) or os.path.isdir(os.path.join(cache.folder(), "cassandra-" + release)):
        return unpacked(archive, release)
    try:
        return downloaded(release)
    except OSError as error:
        print("testbed: unable to download Cassandra %s: %s" % (release, error), file=sys.stderr)
        return None
