"""Free ports below the range that the kernel hands out by itself, so that a test's port 0 never takes one of them."""

import random
import socket

FIRST, LAST = 12000, 32000


def free(address, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


class Ports:
    """Hands out each port once. Two test beds draw from a random place each, and bind what they drew soon after."""

    def __init__(self):
        self.taken = set()

    def take(self, addresses):
        """A port that is free on every one of the addresses."""
        while True:
            port = random.SystemRandom().randrange(FIRST, LAST)
            if port not in self.taken and all(free(address, port) for address in addresses):
                self.taken.add(port)
                return port

    def run(self, address, count):
        """`count` consecutive free ports; returns the first."""
        while True:
            first = random.SystemRandom().randrange(FIRST, LAST - count)
            ports = range(first, first + count)
            if not self.taken.intersection(ports) and all(free(address, port) for port in ports):
                self.taken.update(ports)
                return first


def listening(address, port):
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0
