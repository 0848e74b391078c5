"""The table that decides: one row for each transaction, written once. As ScalarDB names and fills it."""

import time
from dataclasses import dataclass

from bed.bank import tables
from bed.bank.stores import Uncertain, now

CREATE = (
    "CREATE KEYSPACE coordinator WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': %d}",
    "CREATE TABLE coordinator.state (tx_id text PRIMARY KEY, tx_state int, tx_created_at bigint)",
)
PUT = "INSERT INTO coordinator.state (tx_id, tx_state, tx_created_at) VALUES (?, ?, ?) IF NOT EXISTS"
GET = "SELECT tx_state FROM coordinator.state WHERE tx_id = ?"
ALL = "SELECT tx_id, tx_state FROM coordinator.state"


@dataclass
class Coordinator:
    store: object

    def put(self, tx, state):
        """The state that the transaction now has, whoever wrote it. Uncertain when nobody says."""
        try:
            answer = self.store.execute(PUT, [tx, state, now()])
            row = answer.one()
            if answer.was_applied or row is None:
                return state
            return row["tx_state"]
        except Uncertain:
            return self._asked_again(tx)

    def _asked_again(self, tx):
        for attempt in range(3):
            try:
                found = self.state(tx)
                if found is not None:
                    return found
            except Uncertain:
                pass
            time.sleep(0.2 * (attempt + 1))
        raise Uncertain("nobody knows what became of transaction %s" % tx)

    def state(self, tx):
        """None: undecided. At SERIAL, so that a half-done write is finished or not there."""
        found = list(self.store.execute(GET, [tx], serial=True))
        return found[0]["tx_state"] if found else None

    def all(self):
        return {row["tx_id"]: row["tx_state"] for row in self.store.execute(ALL)}


class Recovery:
    """Completes what others have left prepared. A transaction that is undecided for longer than `expire_seconds` is aborted."""

    def __init__(self, coordinator, expire_seconds):
        self.coordinator, self.expire_seconds = coordinator, expire_seconds

    def recover(self, store, record):
        """Whether the record is committed now; False: its transaction may still be under way."""
        state = self.coordinator.state(record.tx)
        if state is None:
            if now() - record.row["tx_prepared_at"] < self.expire_seconds * 1_000_000:
                return False
            state = self.coordinator.put(record.tx, tables.ABORTED)
        if state == tables.COMMITTED:
            store.commit(record.table, record.key, record.tx)
        else:
            store.roll_back(record)
        return True
