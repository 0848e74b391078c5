"""Makes a test bed and waits until all its nodes agree."""

import getpass
import json
import os
import re
import secrets
import subprocess
import sys
import time

from bed import bring_down, cache, cassandra, distribution, java, nodes, simulated, sshd
from bed.failure import Failure
from bed.ports import Ports

DEFAULT_RELEASE = "5.0.6"


def say(text):
    print("testbed: " + text, file=sys.stderr, flush=True)


def run(options):
    if options.nodes < 1 or options.data_folders < 1:
        raise Failure("a test bed has at least one node and one data folder")
    if not re.fullmatch(r"127\.\d{1,3}\.\d{1,3}", options.prefix):
        raise Failure("--prefix %s: it names the first three numbers of loopback addresses, such as 127.0.1" % options.prefix)
    if os.path.isdir(options.dir) and os.listdir(options.dir):
        raise Failure("%s is not empty (HINT: deploy/testbed down %s)" % (options.dir, options.dir))
    subprocess.run([cache.DEPLOY + "/setup", "testbed"], check=True, stdout=sys.stderr)
    os.makedirs(options.dir, exist_ok=True)
    open(options.dir + "/" + bring_down.MARK, "w").close()
    try:
        make(options)
    except BaseException as error:  # also an interruption: nothing stays behind
        if os.environ.get("AENEAS_TESTBED_KEEP") != "1":
            bring_down.run(options.dir)
        if isinstance(error, subprocess.CalledProcessError):
            raise Failure(str(error))
        raise


def make(options):
    started = time.monotonic()
    found = None if options.simulated else distribution.find(options.release, DEFAULT_RELEASE)
    if not found and not options.simulated:
        say("simulated nodes: no Cassandra found")
    if found and options.shared_sshd:
        raise Failure("--shared-sshd is for simulated nodes")
    options.shared_sshd = not found and (options.shared_sshd or simulated.in_one_process(options.nodes))
    bed = describe(options, found)
    os.makedirs(options.dir + "/ssh")
    sshd.make_key(bed["sshKey"], "testbed")
    authorized = options.dir + "/ssh/authorized_keys"
    os.link(bed["sshKey"] + ".pub", authorized)
    if found:
        prepare_cassandra(bed, found, authorized)
    else:
        simulated.prepare(bed, options, authorized)
    with open(options.dir + "/testbed.json.new", "w") as file:
        json.dump(bed, file, indent=1)
    os.rename(options.dir + "/testbed.json.new", options.dir + "/testbed.json")
    made = nodes.open_all(options.dir)
    kind = "Cassandra %s" % bed["release"] if found else "simulated nodes (release %s claimed)" % bed["release"]
    say("%d × %s on %s… in %s" % (len(made), kind, bed["nodes"][0]["address"], options.dir))
    if found:
        start_cassandra(made)
    else:
        simulated.start_all(options.dir, made, options.shared_sshd)
    say("up after %.0f s%s" % (time.monotonic() - started, "" if found else " (simulated)"))


def describe(options, found):
    """testbed.json: everything about the nodes but the host keys."""
    ports, folder = Ports(), options.dir
    addresses = [address(options.prefix, number) for number in range(1, options.nodes + 1)]
    release = found.release if found else options.release or DEFAULT_RELEASE
    command = os.path.join(cache.DEPLOY, "testbed")
    bed = {
        "kind": "cassandra" if found else "simulated",
        "release": release,
        "clusterName": "testbed-" + secrets.token_hex(4),
        "sshUser": getpass.getuser(),
        "sshKey": folder + "/ssh/id_ed25519",
        "storagePort": ports.take(addresses),
        "nodes": [],
        "stopCommand": [command, "node-stop", folder, "{address}"],
        "startCommand": [command, "node-start", folder, "{address}"],
    }
    cql_port = ports.take(addresses)
    shared_port = ports.take(["0.0.0.0"]) if options.shared_sshd else None
    first_jmx = ports.run("127.0.0.1", len(addresses))
    for number, node_address in enumerate(addresses, 1):
        home = "%s/node%d" % (folder, number)
        bed["nodes"].append({
            "number": number,
            "address": node_address,
            "datacenter": "dc1",
            "rack": "rack%d" % ((number - 1) % 3 + 1 if options.nodes > 9 else number),
            "tokens": cassandra.tokens(number, options.nodes),
            "sshPort": shared_port or ports.take([node_address]),
            "jmxHost": "127.0.0.1",
            "jmxPort": first_jmx + number - 1,
            "cqlPort": cql_port,
            "home": home,
            "conf": home + "/conf",
            "log": home + "/logs/system.log",
            "dataFolders": ["%s/data%d" % (home, ordinal) for ordinal in range(1, options.data_folders + 1)],
            "commitLog": home + "/commitlog",
            "hints": home + "/hints",
            "savedCaches": home + "/saved_caches",
            "cdcRaw": home + "/cdc_raw",
            "pidFile": home + "/cassandra.pid",
        })
    return bed


def address(prefix, number):
    """PREFIX.1 … PREFIX.250, then on into the next /24."""
    a, b, c = map(int, prefix.split("."))
    c += (number - 1) // 250
    return "%d.%d.%d.%d" % (a, b + c // 256, c % 256, (number - 1) % 250 + 1)


def make_folders(node):
    for folder in node["dataFolders"] + [node[name] for name in ("commitLog", "hints", "savedCaches", "cdcRaw")] + [node["home"] + "/logs"]:
        os.makedirs(folder)


def prepare_cassandra(bed, found, authorized):
    java_home = java.home(cassandra.java_majors(found.release))
    for node in bed["nodes"]:
        make_folders(node)
        sshd.configure(node, authorized)
        cassandra.write_configuration(bed, node)
        launch = {
            "arguments": cassandra.arguments(node, found, java_home),
            "environment": {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
                "HOME": node["home"],
                "JAVA_HOME": java_home,
                "CASSANDRA_HOME": found.home,
                "CASSANDRA_CONF": node["conf"],
            },
        }
        with open(node["home"] + "/launch.json", "w") as file:
            json.dump(launch, file, indent=1)


def start_cassandra(made):
    """All at once, the seed a moment ahead: the others wait up to 30 s for its gossip."""
    for node in made:
        node.start_sshd()
        node.start()
    for node in made:
        node.wait()
        say("%s is up" % node)
    wait_for_one_schema(made)


def wait_for_one_schema(made):
    deadline = time.monotonic() + 120
    while True:
        seen = []
        for node in made:
            try:
                seen.append(node.schema_versions())
            except OSError as error:
                seen.append([str(error)])
        if all(len(versions) == len(made) for versions in seen) and len(set(sum(seen, []))) == 1:
            return
        if time.monotonic() > deadline:
            raise Failure("the nodes do not agree on one schema after 120 s: %s" % seen)
        time.sleep(0.2)
