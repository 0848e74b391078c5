"""What is fetched or unpacked once and kept: ${XDG_CACHE_HOME:-~/.cache}/aeneas. Entries appear whole, by rename."""

import os
import shutil
import subprocess
import tempfile

DEPLOY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(DEPLOY)


def folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(base, "aeneas")
    os.makedirs(path, exist_ok=True)
    return path


def entry(name, make):
    """The folder `name` of the cache, made by `make(temporary folder)` when it is not there yet."""
    path = os.path.join(folder(), name)
    if os.path.isdir(path):
        return path
    temporary = tempfile.mkdtemp(prefix="." + name + ".", dir=folder())
    try:
        os.chmod(temporary, 0o755)
        make(temporary)
        try:
            os.rename(temporary, path)
        except OSError:  # another one was quicker
            if not os.path.isdir(path):
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return path


def python_packages(name, *requirements):
    """A folder of the cache into which pip has installed the packages, without what they depend on."""

    def install(target):
        python = subprocess.run([os.path.join(DEPLOY, "setup"), "python"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, *requirements], check=True)

    return entry(name, install)
