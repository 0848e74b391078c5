"""A PostgreSQL of its own: data folder, port and log below one folder that belongs to the user it runs as. It refuses to run as root."""

import glob
import json
import os
import pwd
import shutil
import subprocess
import tempfile

from bed import ports
from bed.failure import Failure

DATABASE = "bank"


def programs():
    """The folder with initdb, pg_ctl, pg_dump, … of the newest release that is installed; None without any."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.split("/")[4]))
    if found:
        return os.path.dirname(found[-1])
    on_path = shutil.which("initdb")
    return on_path and os.path.dirname(os.path.realpath(on_path))


def user():
    """Whom to run it as: nobody else, unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise Failure("PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody'")


def run(words, **more):
    """Runs a program of PostgreSQL as its user."""
    account = user()
    more.setdefault("env", {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    if account:
        more.update(user=account.pw_uid, group=account.pw_gid, extra_groups=[])
    ran = subprocess.run([os.path.join(programs(), words[0]), *words[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", **more)
    if ran.returncode != 0:
        raise Failure("%s: exit %d\n%s%s" % (" ".join(words), ran.returncode, ran.stdout, ran.stderr))
    return ran.stdout


def described(path):
    with open(path) as file:
        return json.load(file)


def connection(path):
    """How pg8000 reaches it; None without a path."""
    if not path:
        return None
    found = described(path)
    return {"user": found["user"], "host": found["host"], "port": found["port"], "database": DATABASE}


def up(options):
    """Makes and starts one. Only the loopback address is served, without passwords; `file` then tells all."""
    if not programs():
        raise Failure("no PostgreSQL is installed (HINT: deploy/setup postgres)")
    # Not below a folder of the caller: its user could not get there.
    folder = tempfile.mkdtemp(prefix="aeneas-postgres-", dir="/tmp")
    account = user()
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    port = ports.Ports().take(["127.0.0.1"])
    found = {"folder": folder, "host": "127.0.0.1", "port": port, "user": "bank", "programs": programs(), "database": DATABASE}
    # Whatever goes wrong from here on, `down` finds it.
    with open(options.file, "w") as file:
        json.dump(found, file)
    data = folder + "/data"
    run(["initdb", "--pgdata", data, "--username", found["user"], "--auth", "trust", "--encoding", "UTF8", "--no-sync"])
    settings = "-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories=%s -c shared_buffers=16MB -c max_connections=50" % (port, folder)
    run(["pg_ctl", "start", "--wait", "--pgdata", data, "--log", folder + "/log", "--options", settings])
    run(["createdb", *where(found), DATABASE])


def where(found):
    return ["--host", found["host"], "--port", str(found["port"]), "--username", found["user"], "--no-password"]


def down(options):
    found = described(options.file)
    if os.path.exists(found["folder"] + "/data/postmaster.pid"):
        run(["pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", found["folder"] + "/data"])
    shutil.rmtree(found["folder"], ignore_errors=True)
    os.unlink(options.file)


def forget(options):
    """Loses everything that it holds."""
    found = described(options.file)
    run(["dropdb", *where(found), "--force", DATABASE])
    run(["createdb", *where(found), DATABASE])


def load(options):
    """Puts back what pg_dump has written."""
    with open(options.dump) as file:
        text = file.read()
    if not text.strip():
        raise Failure("%s is empty" % options.dump)
    found = described(options.file)
    ran = subprocess.run(
        [found["programs"] + "/psql", *where(found), "--set", "ON_ERROR_STOP=1", "--single-transaction", "--quiet", DATABASE], input=text, capture_output=True, text=True)
    if ran.returncode != 0:
        raise Failure("unable to load %s: %s" % (options.dump, ran.stderr))


def dump_command(options):
    """The words that write a dump to standard output."""
    found = described(options.file)
    print(" ".join([found["programs"] + "/pg_dump", *where(found), "--dbname", DATABASE]))


def add_commands(top):
    commands = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, action, help in (
        ("up", up, "make and start one; FILE tells where"), ("down", down, "stop and remove it"), ("forget", forget, "empty its database"),
        ("load", load, "put a dump into its empty database"), ("dump-command", dump_command, "print the command that dumps it")):
        command = commands.add_parser(name, help=help)
        command.set_defaults(action=action)
        command.add_argument("file", metavar="FILE")
        if name == "load":
            command.add_argument("dump", metavar="DUMP")
