"""The figures as Markdown.

Smallest, median and largest of the repetitions stand in each place; an aim is held against medians, that of memory against the largest.
"""

from benchmarks import machine
from benchmarks.measure import median

PREFACE = """# Benchmarks

Written by `deploy/bench --write`, which measures all of it in one run, ours and theirs in turn. `make bench` prints the same;
`deploy/bench --quick` tries a tenth of it.

Each place has the smallest, the median and the largest of the repetitions. Seconds of processor are user and system time as the kernel
accounts them to the process; memory is the largest resident set, in 10^6 bytes, the pages of the program's own file among it. What was
written before reaches the disk (`sync`) before each run; caches are not dropped, so that sources are read from memory. Requests to S3 are
counted in the server's own log. It is reached over https, as nearly everywhere, and over plain http, where the agent hashes each body
once more for its signature.

The agent's figures are those of a job's process from its start to its end. It flushes every object and every restored file to the disk
before it says that it is done; `rclone` leaves that to the kernel, so that its time with a `sync -f` after it is given as well. Both move
four objects at a time, and so four files for `rclone`.
"""

WHERE = """
### Where the processor's time of an upload goes

By `perf record` of 2 GiB to S3 with Debian 12's OpenSSL 3.0.19 and libdeflate 1.14, on an AMD EPYC, 2026-11-27:

|  | over https | over http |
| --- | --- | --- |
| SHA-256 | 41 % | 64 % |
| the kernel: reading files, sending | 26 % | 23 % |
| encryption (AES-GCM) | 15 % | |
| CRC-32, to find what is damaged on the node | 5 % | 5 % |
| copying into libcurl's buffer | 4 % | 3 % |

Each file's SHA-256 stands in the manifest: at the 2 GB/s of this processor that alone is a second for 2 GiB. Over plain http each part is
hashed once more for its signature, since nothing else protects it on its way; the first part's is known from the file's. What
was tried and brought nothing: smaller and larger pieces. Keys of 128 bits would bring next to nothing (AES-GCM with 256: 5.0 GB/s, 128: 5.3).
Intel's ISA-L takes a CRC-32 four times as fast as libdeflate, but Debian has no static library of it.
"""


def three(values, form):
    return " / ".join(form % value for value in (min(values), median(values), max(values)))


def seconds(samples):
    return three([sample.wall for sample in samples], "%.2f")


def table(head, rows):
    lines = ["| %s |" % " | ".join(cells) for cells in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines) + "\n"


class Aims:
    """What was aimed at, what came out, and whether that is it."""

    def __init__(self):
        self.rows = []

    def add(self, what, aim, measured, met):
        self.rows.append((what, aim, measured, "met" if met else "**not met**"))

    def text(self):
        return "\n## Aims\n\n" + table(["What", "Aim", "Measured", ""], self.rows) if self.rows else ""


def transfers(result, aims):
    parts = []
    for data in result.data:
        rows = []
        for (name, store, direction, program), samples in result.samples.items():
            if name == data.name:
                rows.append([{"up": "upload", "down": "download", "verify": "read and verify"}[direction], store, program, *measured(samples)])
        rows.sort(key=lambda row: (["upload", "download", "read and verify"].index(row[0]), row[1], row[2]))
        parts.append("\n## %s\n\n%d files, %.0f MB.\n\n" % (data.name, data.files, data.bytes / 1e6)
                     + table(["", "Store", "Program", "Wall, s", "and `sync -f`, s", "Processor, s", "Memory, MB", "Requests"], rows))
        compare(result, data, aims)
    return "".join(parts)


def measured(samples):
    flushed = [sample.flushed for sample in samples if sample.flushed is not None]
    requests = sorted({sample.requests for sample in samples if sample.requests is not None})
    return [
        seconds(samples), three(flushed, "%.2f") if flushed else "", three([sample.processor for sample in samples], "%.2f"),
        three([sample.memory / 1e6 for sample in samples], "%.0f"), "–".join(map(str, dict.fromkeys([requests[0], requests[-1]]))) if requests else "",
    ]


def compare(result, data, aims):
    def middle(store, direction, program, field):
        return median([getattr(sample, field) for sample in result.samples[data.name, store, direction, program]])

    for name, store, direction, program in list(result.samples):
        if name != data.name or program != "aeneas" or direction == "verify":
            continue
        what = "%s, %s %s" % (data.name, store, {"up": "upload", "down": "download"}[direction])
        wall = middle(store, direction, "aeneas", "wall") / middle(store, direction, "rclone", "wall")
        note = ""
        if result.samples[name, store, direction, "rclone"][0].flushed is not None:
            note = " (%.2f × with its `sync -f`)" % (middle(store, direction, "aeneas", "wall") / middle(store, direction, "rclone", "flushed"))
        aims.add(what + ": wall", "at most 1.3 × rclone", "%.2f ×%s" % (wall, note), wall <= 1.3)
        share, most = middle(store, direction, "aeneas", "processor") / middle(store, direction, "rclone", "processor"), 1 / 3 if direction == "up" else 2 / 3
        aims.add(what + ": processor", "at most %s of rclone's" % ("a third" if direction == "up" else "two thirds"), "%.2f" % share, share <= most)
    peak = max(sample.memory for key, samples in result.samples.items() if key[0] == data.name and key[3] == "aeneas" for sample in samples)
    aims.add(data.name + ": the agent's memory", "below 64 MB", "%.0f MB" % (peak / 1e6), peak < 64e6)
    if data.name in result.created:
        most = max(result.created[data.name])
        aims.add(data.name + ": objects put in S3 for an SSTable", "2", "%.2f" % most, most <= 2)


def second(result, aims):
    rows = [[store, program, *measured(samples)] for (store, program), samples in sorted(result.samples.items())]
    aim = 1 + 20e-6 * result.files
    for (store, program), samples in sorted(result.samples.items()):
        if program == "aeneas":
            wall = median([sample.wall for sample in samples])
            aims.add("Second backup of %d files, %s" % (result.files, store), "under 1 s and 20 µs a file: %.2f s" % aim, "%.2f s" % wall, wall < aim)
    return "\n## A second backup of unchanged data\n\n%d files. For rclone: a second `rclone copy` to the same place.\n\n" % result.files + table(
        ["Store", "Program", "Wall, s", "and `sync -f`, s", "Processor, s", "Memory, MB", "Requests"], rows)


def start(result, aims):
    rows = [["`aeneas-agent --version`, to its end", three([1000 * value for value in result.version], "%.1f") + " ms"],
            ["`aeneas-agent serve`, to its hello", three([1000 * value for value in result.hello], "%.1f") + " ms"],
            ["memory of `serve` that waits", "%.1f MB, of which %.1f MB are not pages of its file" % (result.resident / 1e6, result.own / 1e6)]]
    for name, values in [("`aeneas-agent --version`", result.version), ("`aeneas-agent serve`, to its hello", result.hello)]:
        aims.add(name, "30 ms", "%.1f ms" % (1000 * median(values)), median(values) <= 0.030)
    return "\n## Start of the agent\n\n%d times.\n\n" % len(result.version) + table(["", ""], rows)


def jmx(result, aims):
    for question in dict.fromkeys(name for name, _, _ in result.rows):
        found = {program: median(values) for name, program, values in result.rows if name == question}
        theirs = next((program for program in found if program.startswith("`nodetool")), None)
        if theirs and "aeneas-agent, cold" in found:
            for program in ("aeneas-agent, cold", "aeneas-agent, warm"):
                aims.add("%s, %s" % (question[0].upper() + question[1:], program.split(", ")[1]), "faster than " + theirs,
                         "%.0f ms against %.0f ms" % (1000 * found[program], 1000 * found[theirs]), found[program] < found[theirs])
    text = "\n## A question to Cassandra\n\nAnswered by %s. Cold: from the start of the agent to the answer. " % result.kind
    text += "Warm: once more by the same agent, over a new connection to Cassandra."
    text += " `nodetool info` comes nearest to all facts; it tells fewer."
    if not any("nodetool" in program for _, program, _ in result.rows):
        text += " There is no Cassandra here, and so no `nodetool` to compare with."
    rows = [[name, program, three([1000 * value for value in values], "%.1f"), str(len(values))] for name, program, values in result.rows]
    return text + "\n\n" + table(["What", "Program", "Wall, ms", "Times"], rows)


def pause(result, aims):
    text = "\n## How long an application is paused\n\n"
    text += "The window lasts from the last instance's answer to Pause to just before the first Unpause; the outage from the first Pause to the proof that the last instance is"
    text += " open again. Three instances on Python's grpcio with nothing under way, on the same cores as all the rest.\n"
    if result.release:
        text += on_cassandra(result, aims)
    for crowd in result.crowds:
        text += of_many(crowd)
    return text


def on_cassandra(result, aims):
    ours, theirs = result.windows["aeneas"], result.windows["nodetool"]
    quotients = [each.length / each.server for each in ours]
    aims.add("Window ÷ the slowest node's own snapshot time, %d SSTables on each" % result.sstables, "at most 1.25", "%.2f" % median(quotients), median(quotients) <= 1.25)
    length, other = median([each.length for each in ours]), median([each.length for each in theirs])
    aims.add("The window itself", "below 100 ms", "%.0f ms" % length, length < 100)
    aims.add("The window, against the same with nodetool in it", "shorter", "%.0f ms against %.0f ms" % (length, other), length < other)
    rows = [
        ["`aeneas backup start --consistent`", milliseconds(ours, "length"), milliseconds(ours, "server"), three(quotients, "%.2f"), milliseconds(ours, "outage")],
        ["`aeneas pause run` of `nodetool snapshot`, all nodes at once", milliseconds(theirs, "length"), "", "", milliseconds(theirs, "outage")],
    ]
    head = "\n%d nodes of Cassandra %s, %d SSTables in 20 tables on each, nothing written meanwhile; %d times, in turn.\n\n" % (3, result.release, result.sstables, len(ours))
    return head + table(["", "Window, ms", "Slowest node's own snapshot, ms", "Window ÷ it", "Outage, ms"], rows)


def of_many(crowd):
    """Of simulated nodes; what is theirs is not the master's."""
    text = "\n### %d simulated nodes\n\n" % crowd.nodes
    text += "One process for JMX of all of them, a login by SSH and an agent for each, on the same cores as the master. %d backups.\n\n" % len(crowd.walls)
    rows = [
        ["snapshot asked for, first to last node", milliseconds(crowd.windows, "sent") + " ms"],
        ["snapshot answered, first to last node", milliseconds(crowd.windows, "answered") + " ms"],
        ["slowest node's own snapshot", milliseconds(crowd.windows, "server") + " ms"],
        ["window", milliseconds(crowd.windows, "length") + " ms"],
        ["outage", milliseconds(crowd.windows, "outage") + " ms"],
        ["the whole backup", three(crowd.walls, "%.1f") + " s"],
        ["of these", ", ".join("%s %.1f s" % (name, median(values)) for name, values in crowd.stages.items())],
        ["processor of aeneasd for it", three(crowd.processor, "%.1f") + " s"],
        ["registration of the cluster", "%.1f s" % crowd.registration],
        ["memory of aeneasd, at most", "%.0f MB" % (crowd.memory / 1e6)],
        ["its threads and open files, at most", "%d and %d" % (crowd.threads, crowd.files)],
        ["memory of the host that everything took, at most", "%.1f GB" % (crowd.fell / 1e9)],
    ]
    return text + table(["", "Simulated"], rows)


def milliseconds(windows, name):
    values = [getattr(each, name) for each in windows]
    return three(values, "%.1f")


def text(bench, sections, aims):
    warning = "\n**A trial run of a tenth of the sizes: not figures to go by.**\n" if bench.quick else ""
    facts = "\n## On what\n\n" + table(["", ""], [list(pair) for pair in machine.facts(bench)])
    return PREFACE + warning + facts + aims.text() + (WHERE if {"upload", "mixed"} & set(bench.only) else "") + "".join(sections)
