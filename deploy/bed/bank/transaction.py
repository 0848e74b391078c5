"""One transaction: reads, prepares, decides, commits."""

from bed.bank import tables
from bed.bank.stores import Uncertain


class Aborted(Exception):
    """Nothing of it remains; to be tried again."""


class Transaction:
    def __init__(self, coordinator, recovery, id):
        self.id = id
        self.coordinator, self.recovery = coordinator, recovery
        self.read, self.written = {}, []

    def get(self, store, table, key):
        """The record's values, or None."""
        try:
            record = store.read(table, key)
            if record and record.state != tables.COMMITTED:
                if not self.recovery.recover(store, record):
                    raise Aborted("%s %s belongs to transaction %s" % (table.name, key, record.tx))
                record = store.read(table, key)
        except Uncertain as error:
            raise Aborted(str(error))
        if record and record.state != tables.COMMITTED:
            raise Aborted("%s %s belongs to transaction %s" % (table.name, key, record.tx))
        self.read[table.name, key] = record
        return record.values() if record else None

    def put(self, store, table, key, values):
        self.written.append((store, table, key, values))

    def prepare(self):
        """Aborted when another one was quicker, or a store does not say; everything is then rolled back."""
        # In one order everywhere, as ScalarDB does it, so that two transactions seldom undo each other.
        self.written.sort(key=lambda each: (each[1].name, each[2]))
        try:
            for store, table, key, values in self.written:
                if not store.prepare(table, key, self.read.get((table.name, key)), values, self.id):
                    raise Aborted("%s %s was changed by another" % (table.name, key))
        except (Aborted, Uncertain) as error:
            if self.coordinator.put(self.id, tables.ABORTED) != tables.ABORTED:
                raise AssertionError("transaction %s was committed by another" % self.id)
            self._roll_back()
            raise Aborted(str(error))

    def decide(self):
        """Uncertain when nobody says whether it is committed: then it is neither committed nor rolled back here."""
        if self.coordinator.put(self.id, tables.COMMITTED) != tables.COMMITTED:
            self._roll_back()
            raise Aborted("transaction %s has expired" % self.id)

    def commit_records(self):
        """After this nothing of it needs a recovery, unless a store does not say."""
        for store, table, key, _ in self.written:
            try:
                store.commit(table, key, self.id)
            except Uncertain:
                pass

    def _roll_back(self):
        for store, table, key, _ in self.written:
            try:
                record = store.read(table, key)
                if record and record.tx == self.id and record.state == tables.PREPARED:
                    store.roll_back(record)
            except Uncertain:
                pass
