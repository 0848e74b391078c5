"""What must hold of a consistent copy of the bank as it was in a window: read through lazy recovery, then compared with what the customers were told.

W   no transfer was under way in the window: the gates were closed
T1  no money came or went: the balances' sum is what was deposited
T2  the accounts' versions are those of exactly the transfers acknowledged before the window, and of the unknown ones that are committed
T3  every transfer acknowledged before the window is in the ledger; none that began after it is, and none that was told to have been aborted
T4  every committed record's transaction is committed by the coordinator's table
"""

import time

from bed.bank import journal, tables
from bed.bank.books import START_BALANCE
from bed.bank.journal import ABORTED, ACKED, UNKNOWN


class NotRecovered(Exception):
    pass


def recovered(books, patience_seconds):
    """Accounts and ledger when no record is prepared any more, and how many had to be completed."""
    deadline, completed = time.monotonic() + patience_seconds, 0
    while True:
        accounts, ledger = books.scan()
        left = [(store, record) for store, record in accounts + ledger if record.state != tables.COMMITTED]
        if not left:
            return [record for _, record in accounts], [record for _, record in ledger], completed
        done = sum(books.recovery.recover(store, record) for store, record in left)
        completed += done
        if time.monotonic() > deadline:
            raise NotRecovered("%d records are still prepared after %d s" % (len(left), patience_seconds))
        if not done:
            time.sleep(0.5)


def run(books, paths, start, end):
    """The names of the checks with what is wrong, empty where all is right. `start` and `end` in microseconds; equal ones claim an instant."""
    accounts, ledger, completed = recovered(books, books.recovery.expire_seconds + 60)
    decided = books.coordinator.all()
    transfers = journal.read(paths)
    written = {record.key for record in ledger}
    before = {t.name for t in transfers.values() if t.state == ACKED and t.ended <= end}
    committed_unknown = {t.name for t in transfers.values() if t.state == UNKNOWN and decided.get(t.name) == tables.COMMITTED}
    results = {
        "W": window(transfers, start, end),
        "T1": balances(accounts, books.accounts),
        "T2": versions(accounts, before | committed_unknown),
        "T3": listed(transfers, written, before, end),
        "T4": coordinated(accounts + ledger, decided),
    }
    facts = {
        "accounts": len(accounts), "ledger": len(ledger), "completed": completed, "acknowledgedBefore": len(before), "unknownCommitted": len(committed_unknown),
        "transfers": {state: sum(t.state == state for t in transfers.values()) for state in (ACKED, UNKNOWN, ABORTED)},
        "after": sum(t.began >= end for t in transfers.values()),
    }
    return results, facts


def window(transfers, start, end):
    # One of unknown end was cut off: for all that is known it was under way until then.
    inside = [t for t in transfers.values() if t.began < end - 1000 and (t.ended is None or t.ended > start + 1000)]
    return ["%d transfers were under way between the window's ends, such as %s" % (len(inside), inside[0])] if inside else []


def balances(accounts, count):
    wrong = []
    if len(accounts) != count:
        wrong.append("%d accounts, %d were opened" % (len(accounts), count))
    total = sum(record.row["balance"] for record in accounts)
    if total != count * START_BALANCE:
        wrong.append("the balances' sum is %d, %d were deposited: %+d" % (total, count * START_BALANCE, total - count * START_BALANCE))
    return wrong


def versions(accounts, transfers):
    total = sum(record.row["tx_version"] - 1 for record in accounts)
    return [] if total == 2 * len(transfers) else ["the versions show %s transfers, %d were made" % (total / 2, len(transfers))]


def listed(transfers, written, before, end):
    late = {t.name for t in transfers.values() if t.began >= end}
    aborted = {t.name for t in transfers.values() if t.state == ABORTED}
    found = {
        "acknowledged before the window and not in the ledger": before - written,
        "begun after the window and in the ledger": late & written,
        "told to have been aborted and in the ledger": aborted & written,
        "in the ledger and never begun": written - transfers.keys(),
    }
    return ["%d transfers are %s, such as %s" % (len(names), what, min(names)) for what, names in found.items() if names]


def coordinated(records, decided):
    wrong = [record for record in records if decided.get(record.tx) != tables.COMMITTED]
    return ["%d records are of transactions that the coordinator has not committed, such as %s %s" % (len(wrong), wrong[0].table.name, wrong[0].key)] if wrong else []
