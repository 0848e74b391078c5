"""SSTables of real Cassandra: 20 tables of 5 each on every node, kept as they are by switching compaction off."""

import glob
import os
import time

from bed import cql
from bed.failure import Failure
from benchmarks.agent import Serve

KEYSPACE, TABLES, FLUSHES, ROWS = "paused", 20, 5, 20


def fill(bed, agent):
    """Returns how many SSTables each node has; of several data folders each would get its own with a flush. The agent flushes."""
    node = bed["nodes"][0]

    def run(*statements):
        # On every node before any is flushed: a replica whose share is still on its way would have an SSTable less.
        cql.query(node["address"], node["cqlPort"], *statements, consistency=cql.ALL)

    run("CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': %d}" % (KEYSPACE, len(bed["nodes"])))
    names = ["%s.t%02d" % (KEYSPACE, number) for number in range(TABLES)]
    for name in names:
        run("CREATE TABLE %s (k int PRIMARY KEY, v blob) WITH compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}" % name)
    while len(set(cql.schema_versions(node["address"], node["cqlPort"]))) > 1:
        time.sleep(0.1)
    for number in range(FLUSHES):
        run(*[batch(name, number) for name in names])
        for each in bed["nodes"]:
            flush(agent, each)
    counts = [len(glob.glob("%s/%s/*/*-Data.db" % (folder, KEYSPACE))) for each in bed["nodes"] for folder in [each["home"] + "/data*"]]
    if set(counts) != {TABLES * FLUSHES}:
        raise Failure("the nodes have %s SSTables in %s, not %d each" % (counts, KEYSPACE, TABLES * FLUSHES))
    return TABLES * FLUSHES


def batch(name, number):
    rows = ["INSERT INTO %s (k, v) VALUES (%d, 0x%s)" % (name, number * ROWS + at, os.urandom(1024).hex()) for at in range(ROWS)]
    return "BEGIN UNLOGGED BATCH %s APPLY BATCH" % "; ".join(rows + [""])


def flush(agent, node):
    access = {"jmxHost": node["jmxHost"], "jmxPort": node["jmxPort"]}
    with Serve(agent.path) as serve:
        serve.ask({"flush": {"_0": {"access": access, "keyspaces": [KEYSPACE]}}})
