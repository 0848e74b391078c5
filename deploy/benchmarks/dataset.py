"""Folders of a node's data with a snapshot, as Cassandra leaves them.

The bytes mean nothing but are real: they do not compress, and each Digest.crc32 is right.
"""

import json
import os
import random
import zlib

KEYSPACE = "bench"
PIECE = 1 << 20


class Dataset:
    """`data` holds <keyspace>/<table>-<id>/snapshots/<tag>/…, and nothing else."""

    def __init__(self, name, folder, sstables, sizes, tables=4):
        """sizes: gives, for an SSTable's number, the size of each component but Digest.crc32 and TOC.txt, by name."""
        self.name, self.data, self.sstables = name, folder + "/data", sstables
        self.files, self.bytes, self.tag = 0, 0, "made"
        source = random.Random(4)
        self.tables = ["%s/%s/table%02d-%032x" % (self.data, KEYSPACE, number, source.getrandbits(128)) for number in range(min(tables, sstables))]
        for number, table in enumerate(self.tables):
            os.makedirs(self.snapshot(table))
            names = [self.sstable(table, at, sizes(at)) for at in range(number, sstables, len(self.tables))]
            with open(self.snapshot(table) + "/manifest.json", "w") as file:
                json.dump({"files": names}, file)
            with open(self.snapshot(table) + "/schema.cql", "w") as file:
                file.write("CREATE TABLE %s.table%02d (k uuid PRIMARY KEY, v blob)\n    WITH gc_grace_seconds = 864000;\n" % (KEYSPACE, number))

    def snapshot(self, table):
        return "%s/snapshots/%s" % (table, self.tag)

    def retag(self, tag):
        """The same files under another snapshot's name, inode and time of modification kept, as the links of a new snapshot have them."""
        if tag != self.tag:
            for table in self.tables:
                os.rename(self.snapshot(table), "%s/snapshots/%s" % (table, tag))
            self.tag = tag

    def sstable(self, table, number, sizes):
        """Returns the name of its Data.db."""
        name, crc = "nb-%d-big-" % (number + 1), 0
        for component, size in sizes.items():
            written = self.fill("%s/%s%s" % (self.snapshot(table), name, component), size)
            crc = written if component == "Data.db" else crc
        others = {"Digest.crc32": str(crc), "TOC.txt": "".join(part + "\n" for part in [*sizes, "Digest.crc32", "TOC.txt"])}
        for component, text in others.items():
            with open("%s/%s%s" % (self.snapshot(table), name, component), "w") as file:
                self.bytes += file.write(text)
        self.files += len(sizes) + len(others)
        return name + "Data.db"

    def fill(self, path, size):
        """Returns the CRC-32 of what it wrote."""
        crc, left = 0, size
        with open(path, "wb") as file:
            while left:
                piece = os.urandom(min(PIECE, left))
                crc = zlib.crc32(piece, crc)
                file.write(piece)
                left -= len(piece)
        self.bytes += size
        return crc


def large(folder, quick):
    """64 SSTables with a Data.db of 32 MiB: 2 GiB."""
    others = {"Index.db": 400 << 10, "Filter.db": 24 << 10, "Summary.db": 6 << 10, "Statistics.db": 10 << 10, "CompressionInfo.db": 16 << 10}
    return Dataset("2 GiB: 64 SSTables of 32 MiB", folder + "/large", 6 if quick else 64, lambda _: {"Data.db": 32 << 20, **others})


# Of tables that are not compressed: a CompressionInfo.db of 16 MiB would belong to a Data.db of 30 GB, and is part of its identity.
COMPONENTS = ["Data.db", "Index.db", "Filter.db", "Summary.db", "Statistics.db", "SAI+aa+Meta.db", "SAI+aa+TermsData.db"]


def spread(source, smallest, doublings):
    return lambda _: {name: int(smallest * 2 ** source.uniform(0, doublings)) for name in COMPONENTS}


def mixed(folder, quick):
    """133 SSTables of 9 files: 1,197 whose sizes are spread evenly by magnitude from 1 KiB to 16 MiB (but Digest.crc32 and TOC.txt)."""
    return Dataset("1,200 files of 1 KiB to 16 MiB", folder + "/mixed", 13 if quick else 133, spread(random.Random(7), 1024, 14))


def many(folder, quick):
    """1,111 SSTables of 9 small files: 9,999."""
    return Dataset("10,000 files", folder + "/many", 111 if quick else 1111, spread(random.Random(9), 256, 4), tables=10)
