"""An unprivileged OpenSSH server of its own for each node: own host key, own port, public key only, this user only."""

import os
import shutil
import signal
import subprocess
import time

from bed import ports, processes
from bed.failure import Failure

CONFIGURATION = """ListenAddress {address}:{port}
HostKey {folder}/host_ed25519
PidFile none
AuthorizedKeysFile {authorized}
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
UseDNS no
PrintMotd no
MaxStartups 300
MaxSessions 100
X11Forwarding no
LogLevel INFO
Subsystem sftp internal-sftp
"""


def server():
    return shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:" + os.environ.get("PATH", ""))


def folder(node):
    return node["home"] + "/ssh"


def pid_file(node):
    return folder(node) + "/sshd.pid"


def make_key(path, comment):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path], check=True, stdin=subprocess.DEVNULL)


def fingerprint(path):
    return subprocess.run(["ssh-keygen", "-lf", path], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]


def configure(node, authorized_keys, listen=None, own_home=False):
    """Makes host key and configuration; `listen` overrides the node's own address (a shared server listens on all).

    `own_home`: shells see an empty home, so that what the user's own starts (a version manager, say) is not paid for at every one of a thousand logins.
    """
    home = folder(node)
    os.makedirs(home, exist_ok=True)
    if not os.path.exists(home + "/host_ed25519"):
        make_key(home + "/host_ed25519", "testbed-" + node["address"])
    text = CONFIGURATION.format(address=listen or node["address"], port=node["sshPort"], folder=home, authorized=authorized_keys)
    text += "SetEnv HOME=%s\n" % home if own_home else ""
    path = home + "/sshd_config"
    with open(path, "w") as file:
        file.write(text)
    # Since OpenSSH 9.8 failed logins from an address are punished, which would be every test's address.
    penalties = ["-o", "PerSourcePenalties=no"]
    if subprocess.run([server(), "-t", "-f", path, *penalties], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        with open(path, "a") as file:
            file.write("PerSourcePenalties no\n")
    node["hostPublicKeyFile"] = home + "/host_ed25519.pub"
    node["hostKeyFingerprint"] = fingerprint(home + "/host_ed25519.pub")


def start(node):
    if processes.running(pid_file(node), folder(node)):
        return
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where OpenSSH run by root wants to be jailed before login
    argv = [server(), "-D", "-e", "-f", folder(node) + "/sshd_config"]
    processes.spawn(argv, {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin"}, node["home"] + "/logs/sshd.log", pid_file(node), "/")
    for _ in range(200):
        if ports.listening(node["address"], node["sshPort"]):
            return
        if not processes.running(pid_file(node), folder(node)):
            break
        time.sleep(0.02)
    with open(node["home"] + "/logs/sshd.log") as file:
        raise Failure("sshd of node %s did not start: %s" % (node["address"], file.read().strip()[-500:]))


def sessions(pid):
    """The processes of sshd's own that serve connections; not the commands that these run."""
    for child in processes.children(pid):
        name = os.path.basename(os.path.realpath("/proc/%d/exe" % child))
        if name.startswith("sshd") or processes.command_line(child).startswith("sshd"):
            yield child
            yield from sessions(child)


def stop(node):
    """Stops the server and cuts its connections; detached processes that were started over them live on."""
    pid = processes.running(pid_file(node), folder(node))
    serving = list(sessions(pid)) if pid else []
    processes.stop(pid_file(node), folder(node), signal.SIGKILL)
    for child in serving:
        processes.send(child, signal.SIGKILL)
