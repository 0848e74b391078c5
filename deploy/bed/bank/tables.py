"""Tables with the columns of the protocol, their statements, and their records."""

from dataclasses import dataclass, field

PREPARED, DELETED, COMMITTED, ABORTED = 1, 2, 3, 4
TX_COLUMNS = {"tx_id": "text", "tx_version": "int", "tx_state": "int", "tx_prepared_at": "bigint", "tx_committed_at": "bigint"}


@dataclass(frozen=True)
class Table:
    """`values` are the application's own columns and their types; the key is a text. Statements have '?' for values, in the order that `Record` gives them."""

    name: str
    key: str
    values: dict = field(hash=False)

    @property
    def own(self):
        """Every column that a prepared record keeps a copy of."""
        return [*self.values, *TX_COLUMNS]

    @property
    def columns(self):
        return [self.key, *self.own, *("before_" + name for name in self.own)]

    def create(self, keyspace=""):
        types = {**self.values, **TX_COLUMNS}
        columns = ["%s text PRIMARY KEY" % self.key] + ["%s %s" % pair for pair in types.items()] + ["before_%s %s" % pair for pair in types.items()]
        return "CREATE TABLE %s%s (%s)" % (keyspace, self.name, ", ".join(columns))

    @property
    def select(self):
        return "SELECT %s FROM %s" % (", ".join(self.columns), self.name)

    @property
    def select_one(self):
        return self.select + " WHERE %s = ?" % self.key

    @property
    def prepare(self):
        return "UPDATE %s SET %s WHERE %s = ? IF tx_id = ? AND tx_version = ?" % (self.name, self._set([c for c in self.columns if c not in (self.key, "tx_committed_at")]), self.key)

    @property
    def prepare_new(self):
        columns = [self.key, *self.values, "tx_id", "tx_version", "tx_state", "tx_prepared_at"]
        return "INSERT INTO %s (%s) VALUES (%s) IF NOT EXISTS" % (self.name, ", ".join(columns), ", ".join("?" * len(columns)))

    @property
    def commit(self):
        return "UPDATE %s SET tx_state = ?, tx_committed_at = ? WHERE %s = ? IF tx_id = ? AND tx_state = ?" % (self.name, self.key)

    @property
    def roll_back(self):
        return "UPDATE %s SET %s WHERE %s = ? IF tx_id = ? AND tx_state = ?" % (self.name, self._set(self.columns[1:]), self.key)

    @property
    def roll_back_new(self):
        return "DELETE FROM %s WHERE %s = ? IF tx_id = ? AND tx_state = ?" % (self.name, self.key)

    @staticmethod
    def _set(columns):
        return ", ".join("%s = ?" % name for name in columns)


@dataclass
class Record:
    table: Table
    row: dict

    @property
    def key(self):
        return self.row[self.table.key]

    @property
    def tx(self):
        return self.row["tx_id"]

    @property
    def state(self):
        return self.row["tx_state"]

    @property
    def is_new(self):
        """Nothing was there before the transaction that has prepared it."""
        return self.row["before_tx_id"] is None

    def values(self):
        return {name: self.row[name] for name in self.table.values}

    def prepare_arguments(self, values, tx, now):
        before = [self.row[name] for name in self.table.own]
        return [*(values[name] for name in self.table.values), tx, self.row["tx_version"] + 1, PREPARED, now, *before, self.key, self.tx, self.row["tx_version"]]

    def roll_back_arguments(self):
        before = [self.row["before_" + name] for name in self.table.own]
        return [*before, *[None] * len(before), self.key, self.tx, PREPARED]


def new_arguments(table, key, values, tx, now):
    return [key, *(values[name] for name in table.values), tx, 1, PREPARED, now]


def commit_arguments(key, tx, now):
    return [COMMITTED, now, key, tx, PREPARED]


def roll_back_new_arguments(key, tx):
    return [key, tx, PREPARED]
