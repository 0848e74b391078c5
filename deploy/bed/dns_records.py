#!/usr/bin/env python3
"""A DNS server on loopback for tests: dns_records.py NAME=HOST:PORT:PRIORITY:WEIGHT … [--silent]

Serves these SRV records (several of one name stand together) over UDP and TCP, and NXDOMAIN for all other names; a name alone exists without such records.
Answers of more than 512 bytes are truncated over UDP. `--silent` takes questions and never answers. Prints its port; ends with its standard input.
"""

import os
import socket
import sys

from dnslib import QTYPE, RCODE, RR, SRV
from dnslib.server import BaseResolver, DNSLogger, DNSServer


class Records(BaseResolver):
    def __init__(self, words):
        self._records = {}
        for word in words:
            name, _, rest = word.partition("=")
            found = self._records.setdefault(name.lower(), [])
            if rest:
                host, port, priority, weight = rest.split(":")
                found.append(SRV(int(priority), int(weight), int(port), host))

    def resolve(self, request, handler):
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        if name not in self._records:
            reply.header.rcode = RCODE.NXDOMAIN
        elif request.q.qtype == QTYPE.SRV:
            for record in self._records[name]:
                reply.add_answer(RR(request.q.qname, QTYPE.SRV, ttl=1, rdata=record))
        if handler.protocol == "udp" and len(reply.pack()) > 512:
            # dnslib's own way drops the question too, and glibc takes that for an answer to somebody else.
            reply = request.reply()
            reply.header.tc = 1
        return reply


def main():
    words = [word for word in sys.argv[1:] if word != "--silent"]
    # A port that both protocols have free.
    while True:
        tcp = socket.create_server(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(("127.0.0.1", port))
            break
        except OSError:
            tcp.close()
            udp.close()
    if "--silent" not in sys.argv:
        tcp.close()
        udp.close()
        for over_tcp in (False, True):
            DNSServer(Records(words), address="127.0.0.1", port=port, tcp=over_tcp, logger=DNSLogger("", False)).start_thread()
    print(port, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
