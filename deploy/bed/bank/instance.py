"""One instance of the application: workers that transfer money, let in through a gate that scalar-admin's service closes and opens."""

import json
import os
import random
import signal
import sys
import threading
import time
import uuid

from bed.bank.journal import ABORTED, ACKED, UNKNOWN, Journal
from bed.bank.stores import Uncertain, now
from bed.bank.transaction import Aborted
from bed.scalar_admin import AdminServer, CallLog, Gate


class Instance:
    def __init__(self, books, folder, number, careless):
        self.books, self.folder, self.number, self.careless = books, folder, number, careless
        self.gate = Gate()
        self.admin = AdminServer(self.gate, log=CallLog("%s/calls%d.jsonl" % (folder, number)))
        self.journal = Journal("%s/acks%d.jsonl" % (folder, number))
        self.stopping = threading.Event()
        self.counts = {ACKED: 0, UNKNOWN: 0, ABORTED: 0, "refused": 0}
        self._lock = threading.Lock()

    def count(self, what):
        with self._lock:
            self.counts[what] += 1

    def work(self):
        while not self.stopping.is_set():
            if not self.gate.let_in():
                self.count("refused")
                time.sleep(0.02)
                continue
            try:
                self.transfer()
            finally:
                self.gate.let_out()

    def transfer(self):
        name, (source, target), began = str(uuid.uuid4()), self.books.two_accounts(), now()
        self.journal.began(name, began)
        state = ABORTED
        try:
            state = self.carry_out(self.books.transfer(name, source, target, random.randint(1, 100)))
        except Aborted:
            pass
        except Uncertain:
            state = UNKNOWN
        self.journal.ended(name, began, now(), state)
        self.count(state)

    def carry_out(self, transaction):
        """As it should be, or now and then as it is when a thread dies: before it has decided, or before it has committed its records."""
        transaction.prepare()
        fate = random.random() / self.careless if self.careless else 1
        if fate < 0.3:
            return UNKNOWN
        transaction.decide()
        if fate >= 1:
            transaction.commit_records()
        return ACKED

    def run(self, threads):
        """Until SIGTERM, or until nobody is left who could send one. Prints one line when it is ready, and one with its counts at the end."""
        signal.signal(signal.SIGTERM, lambda *_: self.stopping.set())
        workers = [threading.Thread(target=self.work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        print(json.dumps({"port": self.admin.port}), flush=True)
        parent = os.getppid()
        while not self.stopping.wait(0.2):
            if os.getppid() != parent:
                self.stopping.set()
            if not all(worker.is_alive() for worker in workers):
                print("a worker has died", file=sys.stderr, flush=True)
                self.stopping.set()
                self.counts["died"] = 1
        for worker in workers:
            worker.join()
        print(json.dumps(self.counts), flush=True)
        return 1 if "died" in self.counts else 0
