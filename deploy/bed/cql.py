"""Just enough of CQL's native protocol, version 4, to read texts and identifiers from system tables without a driver."""

import socket
import struct
import uuid

STARTUP, READY, QUERY, RESULT = 1, 2, 7, 8
ROWS = 2
ONE, ALL = 1, 5


def receive(connection, count):
    data = b""
    while len(data) < count:
        block = connection.recv(count - len(data))
        if not block:
            raise OSError("connection closed by Cassandra")
        data += block
    return data


def call(connection, opcode, body):
    connection.sendall(struct.pack(">BBhBI", 4, 0, 0, opcode, len(body)) + body)
    answer, length = struct.unpack(">xxxxBI", receive(connection, 9))
    return answer, receive(connection, length)


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


class Reader:
    def __init__(self, data):
        self.data, self.offset = data, 0

    def number(self, form):
        (value,) = struct.unpack_from(">" + form, self.data, self.offset)
        self.offset += struct.calcsize(form)
        return value

    def bytes(self, count):
        self.offset += count
        return self.data[self.offset - count : self.offset]


def rows(body):
    """The rows of a result whose columns are of simple types, as lists of bytes or None."""
    reader = Reader(body)
    if reader.number("i") != ROWS:
        return []
    flags, columns = reader.number("i"), reader.number("i")
    if flags & 2:
        reader.bytes(reader.number("i"))
    if flags & 1:
        reader.bytes(reader.number("H"))
        reader.bytes(reader.number("H"))
    for _ in range(columns):
        for _ in range(1 if flags & 1 else 3):
            reader.bytes(reader.number("H"))
        reader.number("H")
    result = []
    for _ in range(reader.number("i")):
        row = []
        for _ in range(columns):
            length = reader.number("i")
            row.append(None if length < 0 else reader.bytes(length))
        result.append(row)
    return result


def query(address, port, *statements, consistency=ONE):
    """Runs each statement on one connection; a list of rows for each. OSError when it cannot."""
    with socket.create_connection((address, port), timeout=10) as connection:
        answer, _ = call(connection, STARTUP, struct.pack(">H", 1) + text("CQL_VERSION") + text("3.0.0"))
        if answer != READY:
            raise OSError("Cassandra answered STARTUP with %d" % answer)
        results = []
        for statement in statements:
            encoded = statement.encode()
            answer, body = call(connection, QUERY, struct.pack(">I", len(encoded)) + encoded + struct.pack(">HB", consistency, 0))
            if answer != RESULT:
                raise OSError("Cassandra refused %r: %r" % (statement[:120], body[4:300]))
            results.append(rows(body))
        return results


def schema_versions(address, port):
    """The schema version of the node itself and of each peer that it knows, as texts ('None' when it has not heard)."""
    local, peers = query(address, port, "SELECT schema_version FROM system.local", "SELECT schema_version FROM system.peers_v2")
    return [str(row[0] and uuid.UUID(bytes=row[0])) for row in local + peers]
