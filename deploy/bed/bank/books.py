"""The bank's tables, and what a transfer is."""

import random
import uuid

from bed.bank import coordinator, tables
from bed.bank.coordinator import Coordinator, Recovery
from bed.bank.stores import KEYSPACE, CassandraStore, PostgresStore
from bed.bank.tables import Table
from bed.bank.transaction import Transaction

START_BALANCE = 10_000
IN_CASSANDRA = [Table("accounts%d" % number, "account_id", {"balance": "int"}) for number in range(4)]
IN_POSTGRES = Table("accounts", "account_id", {"balance": "int"})
LEDGER = Table("ledger", "transfer_id", {"source": "text", "target": "text", "amount": "int"})


class Books:
    """`postgres`: how pg8000 reaches it; then half of the accounts are there, and each transfer is between one here and one there."""

    def __init__(self, hosts, port, postgres=None, accounts=100, expire_seconds=15):
        self.cassandra = CassandraStore(hosts, port)
        self.postgres = PostgresStore(postgres) if postgres else None
        self.coordinator = Coordinator(self.cassandra)
        self.recovery = Recovery(self.coordinator, expire_seconds)
        self.accounts = accounts
        self.places = [(self.cassandra, table) for table in IN_CASSANDRA] + ([(self.postgres, IN_POSTGRES)] if postgres else [])

    def close(self):
        self.cassandra.close()

    def place(self, number):
        """Store and table of an account."""
        if self.postgres and number % 2:
            return self.places[-1]
        return self.places[number // 2 % len(IN_CASSANDRA) if self.postgres else number % len(IN_CASSANDRA)]

    def open_accounts(self):
        """All of them by one transaction, which is large and alone."""
        opening = Transaction(self.coordinator, self.recovery, str(uuid.uuid4()))
        for number in range(self.accounts):
            opening.put(*self.place(number), account(number), {"balance": START_BALANCE})
        opening.prepare()
        opening.decide()
        opening.commit_records()

    def two_accounts(self):
        """Of different tables, and of different stores where there are two."""
        while True:
            pair = random.sample(range(self.accounts), 2)
            (first, one), (second, other) = map(self.place, pair)
            if one is not other and (first is not second or not self.postgres):
                return pair

    def transfer(self, name, source, target, amount):
        """A transaction with everything read and written, not prepared yet."""
        transaction = Transaction(self.coordinator, self.recovery, name)
        for number, change in ((source, -amount), (target, amount)):
            place = self.place(number)
            balance = transaction.get(*place, account(number))["balance"]
            transaction.put(*place, account(number), {"balance": balance + change})
        transaction.put(self.cassandra, LEDGER, name, {"source": account(source), "target": account(target), "amount": amount})
        return transaction

    def scan(self):
        """Every account and every ledger row as they are, prepared ones too."""
        accounts = [(store, record) for store, table in self.places for record in store.scan(table)]
        return accounts, [(self.cassandra, record) for record in self.cassandra.scan(LEDGER)]


def account(number):
    return "account%04d" % number


def create(hosts, port, postgres, replicas):
    cassandra = CassandraStore(hosts, port, keyspace=None)
    statements = list(coordinator.CREATE)
    statements[0] %= replicas
    statements.append("CREATE KEYSPACE %s WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': %d}" % (KEYSPACE, replicas))
    statements += [table.create(KEYSPACE + ".") for table in [*IN_CASSANDRA, LEDGER]]
    for statement in statements:
        cassandra.session.execute(statement, timeout=120)
    cassandra.close()
    if postgres:
        PostgresStore(postgres).execute(IN_POSTGRES.create())
