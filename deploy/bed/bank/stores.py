"""Where tables live: Cassandra by cassandra-driver, PostgreSQL by pg8000. Every change is conditional, and says whether it was applied."""

import threading
import time

from bed.bank import tables
from bed.bank.tables import Record

KEYSPACE = "bank"


class Uncertain(Exception):
    """The store did not say whether it has done what it was asked to."""


def now():
    """Microseconds of the clock on the wall, as the transactions' columns have them."""
    return time.time_ns() // 1000


class Store:
    """What both have in common; a statement's text is translated by each."""

    def read(self, table, key):
        found = self.rows(table.select_one, [key])
        return Record(table, found[0]) if found else None

    def scan(self, table):
        return [Record(table, row) for row in self.rows(table.select, [])]

    def prepare(self, table, key, record, values, tx):
        """`record` is what the transaction has read; None: nothing was there."""
        if record is None:
            return self.change(table.prepare_new, tables.new_arguments(table, key, values, tx, now()))
        return self.change(table.prepare, record.prepare_arguments(values, tx, now()))

    def commit(self, table, key, tx):
        return self.change(table.commit, tables.commit_arguments(key, tx, now()))

    def roll_back(self, record):
        if record.is_new:
            return self.change(record.table.roll_back_new, tables.roll_back_new_arguments(record.key, record.tx))
        return self.change(record.table.roll_back, record.roll_back_arguments())


class CassandraStore(Store):
    """Reads and writes at QUORUM, conditions at SERIAL. Nothing is repeated by the driver: a repeated condition may find its own effect."""

    def __init__(self, hosts, port, keyspace=KEYSPACE):
        """`keyspace` None: before there is one."""
        from cassandra import ConsistencyLevel
        from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
        from cassandra.policies import ConstantReconnectionPolicy, FallthroughRetryPolicy, RoundRobinPolicy
        from cassandra.query import dict_factory

        profile = ExecutionProfile(
            load_balancing_policy=RoundRobinPolicy(), retry_policy=FallthroughRetryPolicy(), request_timeout=20, row_factory=dict_factory,
            consistency_level=ConsistencyLevel.QUORUM, serial_consistency_level=ConsistencyLevel.SERIAL)
        self.cluster = Cluster(
            hosts, port=port, protocol_version=4, execution_profiles={EXEC_PROFILE_DEFAULT: profile}, connect_timeout=30, control_connection_timeout=30,
            reconnection_policy=ConstantReconnectionPolicy(1, max_attempts=None))
        self.session = self.cluster.connect(keyspace)
        self.serial = ConsistencyLevel.SERIAL
        self._lock = threading.Lock()
        self._prepared = {}

    def close(self):
        self.cluster.shutdown()

    def _statement(self, text):
        with self._lock:
            if text not in self._prepared:
                self._prepared[text] = self.session.prepare(text)
            return self._prepared[text]

    def execute(self, text, arguments=(), serial=False):
        from cassandra import DriverException, OperationTimedOut, RequestExecutionException
        from cassandra.cluster import NoHostAvailable

        try:
            bound = self._statement(text).bind(arguments)
            if serial:
                bound.consistency_level = self.serial
            return self.session.execute(bound)
        except (DriverException, OperationTimedOut, RequestExecutionException, NoHostAvailable) as error:
            raise Uncertain("%s: %s" % (type(error).__name__, error)) from error

    def rows(self, text, arguments):
        return list(self.execute(text, arguments))

    def change(self, text, arguments):
        return self.execute(text, arguments).was_applied


class PostgresStore(Store):
    """A connection for each thread, every statement a transaction of its own."""

    def __init__(self, address):
        self.address = address
        self._threads = threading.local()

    def close(self):
        """Connections go with their threads."""

    def _connection(self):
        import pg8000.dbapi

        if not getattr(self._threads, "connection", None):
            self._threads.connection = pg8000.dbapi.connect(timeout=20, **self.address)
            self._threads.connection.autocommit = True
        return self._threads.connection

    def execute(self, text, arguments=()):
        import pg8000

        text = text.replace(" IF NOT EXISTS", " ON CONFLICT DO NOTHING").replace(" IF tx_id", " AND tx_id").replace("?", "%s")
        try:
            cursor = self._connection().cursor()
            cursor.execute(text, list(arguments))
            return cursor
        except (pg8000.dbapi.Error, OSError) as error:
            self._threads.connection = None
            raise Uncertain("%s: %s" % (type(error).__name__, error)) from error

    def rows(self, text, arguments):
        cursor = self.execute(text, arguments)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

    def change(self, text, arguments):
        return self.execute(text, arguments).rowcount > 0
