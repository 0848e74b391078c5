#!/usr/bin/env python3
"""The rows of the integration tests: every value follows from its key, so that a check needs no list of what was written.

rows.py ACTION --hosts A,B,C --port N [--only ADDRESS] [--consistency QUORUM] [--release 5.0.6]
  create           keyspaces and tables
  load             50,000 rows, counters, rows that expire, deletions: what the backup holds
  late             a table that is created after the registration of the cluster, and its rows
  change           10,000 more rows, changed and deleted ones: what only the live cluster holds
  check backup     every row is as at the backup, and no other is there
  check changed    every row is as after `change`, and no other is there
"""
import argparse
import sys
import time
from decimal import Decimal

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.policies import RoundRobinPolicy, WhiteListRoundRobinPolicy

ORDERS, SHARDS, EVENTS, MIXED, LATE, COUNTERS, EXPIRING = 30_000, 150, 15_000, 3_000, 2_000, 400, 500
MORE = 10_000
CUSTOMERS = 500


def order(number, changed=False):
    note = f"note {number} " + "x" * (number % 120)
    if changed and number % 53 == 0:
        note = f"changed {number}"
    return (number, f"customer{number % CUSTOMERS}", (f"{number} Street", f"City{number % 7}"), [f"item{number % 3}", f"item{number % 11}"],
            {f"tag{number % 5}"}, {"weight": number % 100, "size": number % 9}, Decimal(number) / 100, note)


def deleted_before(number):
    return number % 97 == 0


def deleted_after(number):
    return number % 89 == 0


def expected_orders(state):
    rows = {}
    for number in range(ORDERS + (MORE if state == "changed" else 0)):
        if number < ORDERS and deleted_before(number):
            continue
        if state == "changed" and number < ORDERS and deleted_after(number):
            continue
        rows[number] = order(number, state == "changed" and number < ORDERS)
    return rows


class Address:
    def __init__(self, street, city):
        self.street, self.city = street, city


def connect(options):
    policy = WhiteListRoundRobinPolicy([options.only]) if options.only else RoundRobinPolicy()
    profile = ExecutionProfile(load_balancing_policy=policy, request_timeout=60, consistency_level=getattr(ConsistencyLevel, options.consistency))
    cluster = Cluster([options.only] if options.only else options.hosts.split(","), port=options.port, execution_profiles={EXEC_PROFILE_DEFAULT: profile},
                      protocol_version=4, connect_timeout=30)
    session = cluster.connect()
    session.default_fetch_size = 2000
    return session


def run_all(session, statement, rows):
    results = execute_concurrent_with_args(session, session.prepare(statement), rows, concurrency=64, raise_on_first_error=True)
    return len(results)


def create(session, options):
    replication = "{'class': 'NetworkTopologyStrategy', 'dc1': 3}"
    statements = [
        f"CREATE KEYSPACE shop WITH replication = {replication}",
        f"CREATE KEYSPACE \"MixedCase\" WITH replication = {replication}",
        "CREATE TYPE shop.address (street text, city text)",
        "CREATE TABLE shop.orders (id int PRIMARY KEY, customer text, address frozen<address>, items list<text>, tags set<text>, "
        "props map<text, int>, total decimal, note text)",
        "CREATE INDEX orders_customer ON shop.orders (customer)",
        "CREATE TABLE shop.events (shard int, at int, owner text static, kind text, body text, PRIMARY KEY (shard, at)) "
        "WITH compression = {'enabled': 'false'}",
        "CREATE TABLE shop.counts (id int PRIMARY KEY, hits counter)",
        "CREATE TABLE shop.expiring (id int PRIMARY KEY, value text)",
        "CREATE TABLE shop.empty (id int PRIMARY KEY, value text) WITH gc_grace_seconds = 432000",
        "CREATE TABLE \"MixedCase\".\"TableOne\" (\"Id\" int PRIMARY KEY, \"Value\" text)",
        "CREATE TABLE shop.peers (id int PRIMARY KEY, value text)",
        "CREATE TABLE shop.scratch (id int PRIMARY KEY, value text)",
    ]
    if options.release.startswith(("5", "6")):
        statements.append("CREATE INDEX events_kind ON shop.events (kind) USING 'sai'")
    for statement in statements:
        session.execute(statement)


def load(session, options):
    session.cluster.register_user_type("shop", "address", Address)
    insert_orders(session, [order(n) for n in range(ORDERS)])
    run_all(session, "INSERT INTO shop.events (shard, at, kind, body) VALUES (?, ?, ?, ?)",
            [(n % SHARDS, n // SHARDS, f"kind{n % 13}", f"event {n}") for n in range(EVENTS)])
    run_all(session, "INSERT INTO shop.events (shard, owner) VALUES (?, ?)", [(n, f"owner{n}") for n in range(SHARDS)])
    run_all(session, "INSERT INTO \"MixedCase\".\"TableOne\" (\"Id\", \"Value\") VALUES (?, ?)", [(n, f"value {n}") for n in range(MIXED)])
    run_all(session, "INSERT INTO shop.peers (id, value) VALUES (?, ?)", [(n, f"peer {n}") for n in range(100)])
    run_all(session, "UPDATE shop.counts SET hits = hits + ? WHERE id = ?", [(n + 1, n) for n in range(COUNTERS)])
    run_all(session, "INSERT INTO shop.expiring (id, value) VALUES (?, ?) USING TTL 1", [(n, "gone") for n in range(EXPIRING)])
    run_all(session, "INSERT INTO shop.expiring (id, value) VALUES (?, ?) USING TTL 864000", [(n, f"stays {n}") for n in range(EXPIRING, 2 * EXPIRING)])
    run_all(session, "DELETE FROM shop.orders WHERE id = ?", [(n,) for n in range(ORDERS) if deleted_before(n)])
    session.execute("INSERT INTO shop.scratch (id, value) VALUES (1, 'truncated, and kept by Cassandra in a snapshot of its own')")
    session.execute("TRUNCATE shop.scratch")
    time.sleep(1.5)


def insert_orders(session, rows):
    run_all(session, "INSERT INTO shop.orders (id, customer, address, items, tags, props, total, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [row[:2] + (Address(*row[2]),) + row[3:] for row in rows])


def late(session, options):
    session.execute("CREATE TABLE shop.late (id int PRIMARY KEY, value text)")
    run_all(session, "INSERT INTO shop.late (id, value) VALUES (?, ?)", [(n, f"late {n}") for n in range(LATE)])


def change(session, options):
    session.cluster.register_user_type("shop", "address", Address)
    insert_orders(session, [order(n) for n in range(ORDERS, ORDERS + MORE)])
    run_all(session, "UPDATE shop.orders SET note = ? WHERE id = ?", [(f"changed {n}", n) for n in range(ORDERS) if n % 53 == 0 and not deleted_before(n)])
    run_all(session, "DELETE FROM shop.orders WHERE id = ?", [(n,) for n in range(ORDERS) if deleted_after(n)])
    run_all(session, "DELETE FROM shop.events WHERE shard = ?", [(n,) for n in range(0, SHARDS, 10)])
    run_all(session, "UPDATE shop.counts SET hits = hits + 1000 WHERE id = ?", [(n,) for n in range(COUNTERS)])


class Differences:
    def __init__(self):
        self.found = []

    def compare(self, name, got, expected):
        missing = [key for key in expected if key not in got]
        extra = [key for key in got if key not in expected]
        other = [key for key in expected if key in got and got[key] != expected[key]]
        for kind, keys in (("missing", missing), ("back or unexpected", extra), ("other value", other)):
            if keys:
                sample = keys[0]
                self.found.append(f"{name}: {len(keys)} {kind}, such as {sample!r}: got {got.get(sample)!r}, expected {expected.get(sample)!r}")
        print(f"{name}: {len(got)} rows, {len(expected)} expected", flush=True)


def check(session, options):
    state, differences = options.state, Differences()
    changed = state == "changed"
    got = {r.id: (r.id, r.customer, tuple(r.address), list(r.items or []), set(r.tags or []), dict(r.props or {}), r.total, r.note)
           for r in session.execute("SELECT * FROM shop.orders")}
    orders = expected_orders(state)
    differences.compare("shop.orders", got, orders)
    gone = set(range(0, SHARDS, 10)) if changed else set()
    got = {(r.shard, r.at): (r.owner, r.kind, r.body) for r in session.execute("SELECT * FROM shop.events")}
    events = {(n % SHARDS, n // SHARDS): (f"owner{n % SHARDS}", f"kind{n % 13}", f"event {n}") for n in range(EVENTS) if n % SHARDS not in gone}
    differences.compare("shop.events", got, events)
    got = {r.id: r.hits for r in session.execute("SELECT * FROM shop.counts")}
    differences.compare("shop.counts", got, {n: n + 1 + (1000 if changed else 0) for n in range(COUNTERS)})
    got = {r.id: r.value for r in session.execute("SELECT * FROM shop.expiring")}
    differences.compare("shop.expiring", got, {n: f"stays {n}" for n in range(EXPIRING, 2 * EXPIRING)})
    differences.compare("shop.empty", {r.id: r.value for r in session.execute("SELECT * FROM shop.empty")}, {})
    got = {r.Id: r.Value for r in session.execute("SELECT * FROM \"MixedCase\".\"TableOne\"")}
    differences.compare("MixedCase.TableOne", got, {n: f"value {n}" for n in range(MIXED)})
    differences.compare("shop.peers", {r.id: r.value for r in session.execute("SELECT * FROM shop.peers")}, {n: f"peer {n}" for n in range(100)})
    differences.compare("shop.late", {r.id: r.value for r in session.execute("SELECT * FROM shop.late")}, {n: f"late {n}" for n in range(LATE)})
    for customer in (7, 123, 499):
        got = {r.id: 1 for r in session.execute(f"SELECT id FROM shop.orders WHERE customer = 'customer{customer}'")}
        differences.compare(f"index orders_customer, customer{customer}", got, {n: 1 for n in orders if n % CUSTOMERS == customer})
    if options.release.startswith(("5", "6")):
        got = {(r.shard, r.at): 1 for r in session.execute("SELECT shard, at FROM shop.events WHERE kind = 'kind5'")}
        differences.compare("storage-attached index events_kind, kind5", got, {key: 1 for key, value in events.items() if value[1] == "kind5"})
    if differences.found:
        sys.exit("\n".join(differences.found))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["create", "load", "late", "change", "check"])
    parser.add_argument("state", nargs="?", choices=["backup", "changed"])
    parser.add_argument("--hosts", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--only")
    parser.add_argument("--consistency", default="QUORUM")
    parser.add_argument("--release", default="5.0.6")
    options = parser.parse_args()
    session = connect(options)
    globals()[options.action](session, options)
    session.cluster.shutdown()


main()
