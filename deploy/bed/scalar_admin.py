#!/usr/bin/env python3
"""Instances of an application with scalar-admin's service, on Python's grpcio: peers of the pause that are not ours.

  scalar_admin.py --log FILE [--instances N] [--address A] [--port P …] [--tls-cert PEM --tls-key PEM]

Prints one line, {"instances": [{"port": 50001}, …]}, and then obeys lines of standard input, each answered by `ok`, `error: …`
or JSON: `PORT COMMAND WORDS…`, or `* COMMAND WORDS…` for all. The commands are the methods of AdminServer that are marked with @command. It ends with its standard input.

As a part of another program: `AdminServer(gate, log=CallLog(path))`, where the gate counts that program's own transactions (let_in, let_out).

The behaviour is ScalarDB Server's: a pause closes the gate and waits until nothing is under way; when that takes too long it opens
the gate again and fails; neither an unpause that comes meanwhile nor a caller that is gone ends the waiting; the state is in memory, so an instance that was started again is open.
"""

import argparse
import contextlib
import json
import os
import sys
import threading
import time
from concurrent import futures

import grpc

DEFAULT_DRAIN_SECONDS = 30


class Gate:
    """Counts what is under way, and lets nothing in while it is closed."""

    def __init__(self):
        self._changed = threading.Condition()
        self._open = True
        self._outstanding = 0

    @property
    def is_open(self):
        with self._changed:
            return self._open

    @property
    def outstanding(self):
        with self._changed:
            return self._outstanding

    def let_in(self):
        """Whether the caller may begin; if so, it must call let_out when it is done."""
        with self._changed:
            if self._open:
                self._outstanding += 1
            return self._open

    def let_out(self):
        with self._changed:
            self._outstanding -= 1
            self._changed.notify_all()

    def open(self):
        with self._changed:
            self._open = True

    def close(self):
        with self._changed:
            self._open = False

    def await_drained(self, seconds):
        """Whether nothing is under way any more; looks at the count alone, not at whether the gate is closed."""
        with self._changed:
            return self._changed.wait_for(lambda: self._outstanding == 0, timeout=seconds)


class CallLog:
    """One JSON object a line: when (microseconds of the monotonic clock), which instance, what."""

    def __init__(self, path=None):
        self._lock = threading.Lock()
        self._file = open(path, "a", encoding="utf-8") if path else None
        self.entries = []

    def add(self, port, event, **more):
        entry = {"us": time.monotonic_ns() // 1000, "port": port, "event": event, **more}
        with self._lock:
            self.entries.append(entry)
            if self._file:
                self._file.write(json.dumps(entry) + "\n")
                self._file.flush()


def command(function):
    function.is_command = True
    return function


class AdminServer:
    """One instance. `port` 0 takes a free one, which it keeps when it is started again."""

    def __init__(self, gate=None, address="127.0.0.1", port=0, log=None, certificate=None, key=None):
        self.gate = gate or Gate()
        self.log = log or CallLog()
        self._address = "[%s]" % address if ":" in address else address
        self._credentials = grpc.ssl_server_credentials([(_read(key), _read(certificate))]) if certificate else None
        self._lock = threading.Lock()
        self._forget()
        self.port = port
        self._server = None
        self.start()

    def _forget(self):
        self._drain_seconds = 0
        self._drain_fails = False
        self._silent = set()
        self._delays = {}
        self._failures = {}
        self._dies = None
        self._reopens = None
        self._ignored_unpauses = 0
        self._knows_check = True

    # What a test may tell it, at any time.

    @command
    def start(self):
        """Listens again after `stop` or a death; the gate is open, as after the start of a process."""
        if self._server:
            return
        self.gate.open()
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=64), handlers=[_Handlers(self)], options=[("grpc.so_reuseport", 0)])
        where = "%s:%d" % (self._address, self.port)
        bound = server.add_secure_port(where, self._credentials) if self._credentials else server.add_insecure_port(where)
        if not bound:
            raise OSError("cannot listen at %s" % where)
        self.port = bound
        server.start()
        self._server = server
        self.log.add(self.port, "started")

    @command
    def stop(self):
        """Cuts all connections and listens no more."""
        server, self._server = self._server, None
        if server:
            server.stop(None).wait()
            self.log.add(self.port, "stopped")

    @command
    def restart(self):
        self.stop()
        self.start()

    @command
    def normal(self):
        """Forgets every behaviour below; what is silent gets no answer all the same."""
        with self._lock:
            self._forget()

    @command
    def slow_drain(self, seconds):
        """From each pause on, something is under way for so long."""
        self._drain_seconds = float(seconds)

    @command
    def failing_drain(self):
        """Pauses fail at once, as if the time for draining had passed."""
        self._drain_fails = True

    @command
    def silent(self, *methods):
        """Accepts calls of these methods (all, when none is named), carries out nothing and never answers."""
        self._silent = set(methods or ["Pause", "Unpause", "CheckPaused"])

    @command
    def delay(self, method, seconds):
        """Carries the method out at once and answers after so long."""
        self._delays[method] = float(seconds)

    @command
    def fail(self, method, status, times=1, *message):
        """The next calls of the method are answered by that status, and not carried out."""
        with self._lock:
            self._failures[method] = [grpc.StatusCode[status], int(times), " ".join(message)]

    @command
    def die(self, when):
        """`before-pause`: at the next Pause, without an answer; `after-pause`: when the next Pause has been answered."""
        if when not in ("before-pause", "after-pause"):
            raise ValueError(when)
        self._dies = when

    @command
    def reopen(self, milliseconds):
        """By itself, so long after each pause."""
        self._reopens = int(milliseconds) / 1000

    @command
    def ignore_unpause(self, times=1):
        """Answers OK to the next Unpauses and stays closed."""
        self._ignored_unpauses = int(times)

    @command
    def without_check(self):
        """As before scalar-admin 1.2: CheckPaused is UNIMPLEMENTED."""
        self._knows_check = False

    @command
    def enter(self):
        """A transaction begins, where the gate lets it."""
        return {"in": self.gate.let_in()}

    @command
    def leave(self):
        self.gate.let_out()

    @command
    def state(self):
        return {"open": self.gate.is_open, "outstanding": self.gate.outstanding, "listening": self._server is not None}

    def obey(self, words):
        method = getattr(self, words[0].replace("-", "_"), None)
        if not getattr(method, "is_command", False):
            raise ValueError("no command '%s'" % words[0])
        return method(*words[1:])

    # The service.

    def handler(self, method):
        """None where the instance does not know the method: grpcio then answers UNIMPLEMENTED."""
        body = {"Pause": self._pause, "Unpause": self._unpause, "CheckPaused": self._check_paused}.get(method)
        if not body or (method == "CheckPaused" and not self._knows_check):
            self.log.add(self.port, "answered", call=method, status="UNIMPLEMENTED")
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer(method, body, request, context))

    def _answer(self, method, body, request, context):
        call = _CallNumber.next()
        fields = _fields(request)
        remaining = context.time_remaining()
        self.log.add(
            self.port, "called", call=method, number=call, fields={str(k): v for k, v in fields.items()}, peer=context.peer(),
            authority=_authority(context), deadline=None if remaining is None or remaining > 1e6 else round(remaining, 3))
        if method in self._silent:
            while context.is_active():
                time.sleep(0.02)
            self.log.add(self.port, "given-up", call=method, number=call)
            context.abort(grpc.StatusCode.CANCELLED, "")
        try:
            self._scripted_failure(method)
            answer = body(fields, context)
            if method in self._delays:
                time.sleep(self._delays[method])
        except _Status as status:
            self.log.add(self.port, "answered", call=method, number=call, status=status.code.name)
            context.abort(status.code, status.text)
        self.log.add(self.port, "answered", call=method, number=call, status="OK", open=self.gate.is_open)
        return answer

    def _scripted_failure(self, method):
        with self._lock:
            failure = self._failures.get(method)
            if not failure or failure[1] == 0:
                return
            failure[1] -= 1
        raise _Status(failure[0], failure[2] or "scripted")

    def _pause(self, fields, context):
        if self._dies == "before-pause":
            self._die()
            time.sleep(5)
        if self._drain_seconds and self.gate.let_in():
            _later(self._drain_seconds, self.gate.let_out)
        self.gate.close()
        if fields.get(1):
            limit = fields.get(2, 0) / 1000 or DEFAULT_DRAIN_SECONDS
            if self._drain_fails or not self.gate.await_drained(limit):
                self.gate.open()
                raise _Status(grpc.StatusCode.FAILED_PRECONDITION, "failed to finish processing outstanding requests within the time limit.")
        if self._reopens is not None:
            _later(self._reopens, self._reopened)
        if self._dies == "after-pause":
            context.add_callback(lambda: _later(0.05, self._die))
        return b""

    def _unpause(self, _, __):
        with self._lock:
            ignored = self._ignored_unpauses > 0
            self._ignored_unpauses -= ignored
        if not ignored:
            self.gate.open()
        return b""

    def _check_paused(self, _, __):
        return b"" if self.gate.is_open else b"\x08\x01"

    def _reopened(self):
        self.gate.open()
        self.log.add(self.port, "reopened")

    def _die(self):
        self._dies = None
        server, self._server = self._server, None
        if server:
            self.log.add(self.port, "died")
            server.stop(None)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, server):
        self._server = server

    def service(self, details):
        service, _, method = details.method[1:].rpartition("/")
        return self._server.handler(method) if service == "rpc.Admin" else None


class _Status(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class _CallNumber:
    _lock = threading.Lock()
    _last = 0

    @classmethod
    def next(cls):
        with cls._lock:
            cls._last += 1
            return cls._last


def _fields(message):
    """The varint fields of a protobuf message, by number; the last of each counts."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(message):
        key = varint()
        if key & 7:
            raise ValueError("a field that is no varint")
        value = varint()
        found[key >> 3] = value - (1 << 64) if value >> 63 else value
    return found


def _authority(context):
    # grpcio shows it in no other way.
    with contextlib.suppress(AttributeError):
        return context._rpc_event.call_details.host.decode()


def _later(seconds, body):
    timer = threading.Timer(seconds, body)
    timer.daemon = True
    timer.start()


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def obey_lines(servers, lines, write):
    """Carries out `PORT COMMAND WORDS…` and `* COMMAND WORDS…` until the lines end; `write` gets each answer."""
    for line in lines:
        where, *words = line.split()
        try:
            chosen = [server for server in servers if where in ("*", str(server.port))]
            if not chosen or not words:
                raise ValueError("no instance '%s', or no command" % where)
            answers = [server.obey(words) for server in chosen]
            answer = answers[0] if where != "*" else (answers if any(answers) else None)
            write("ok" if answer is None else json.dumps(answer))
        except Exception as error:  # whatever a wrong command raises is its answer
            write("error: %s: %s" % (type(error).__name__, error))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--log")
    options.add_argument("--instances", type=int, default=1, metavar="N")
    options.add_argument("--address", default="127.0.0.1")
    options.add_argument("--port", type=int, action="append", default=[], help="of one instance each; the others take free ones")
    options.add_argument("--tls-cert")
    options.add_argument("--tls-key")
    given = options.parse_args()
    log = CallLog(given.log)
    ports = given.port + [0] * (given.instances - len(given.port))
    servers = [AdminServer(address=given.address, port=port, log=log, certificate=given.tls_cert, key=given.tls_key) for port in ports]

    def write(line):
        print(line, flush=True)

    write(json.dumps({"instances": [{"port": server.port} for server in servers]}))
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        obey_lines(servers, (line for line in sys.stdin if line.strip()), write)
    # Threads of calls that are never answered would keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
