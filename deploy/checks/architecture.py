"""What the compiler does not check: SQL outside Catalog, a C library imported by two targets, a fetched Swift package.

Each check is first tried on source with a planted violation, so that one that finds nothing any more is noticed.
"""

import glob
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from swift_literals import literals  # noqa: E402

SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+(OR\s+\w+\s+)?INTO\b|\bREPLACE\s+INTO\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b"
    r"|\bCREATE\s+(UNIQUE\s+|TEMP\w*\s+)?(TABLE|INDEX|TRIGGER|VIEW)\b|\bDROP\s+(TABLE|INDEX|TRIGGER|VIEW)\b|\bALTER\s+TABLE\b",
    re.DOTALL,
)
# CQL, which these read out of snapshots, has some of the same words.
READS_CQL = ("Sources/CassandraNode/",)
HOLDS_SQL = ("Sources/Catalog/",)


def sql(path, source):
    """Lines with SQL in a literal."""
    if path.startswith(HOLDS_SQL):
        return []
    found = [(line, " ".join(text.split())[:60]) for line, text in literals(source) if SQL.search(text)]
    if path.startswith(READS_CQL):
        found = [(line, text) for line, text in found if not re.match(r"(CREATE|DROP|ALTER)\b", text)]
    return ["%s:%d: SQL outside Catalog: %s" % (path, line, text) for line, text in found]


def target(path):
    """The target that a file of Sources belongs to."""
    parts = path.split("/")
    return parts[2] if parts[1] in ("Platform", "System") else parts[1]


def c_imports(files, modules):
    """C modules that more than one target imports."""
    users = {}
    for path, source in files:
        for name in re.findall(r"^\s*(?:@\w+\s+)*(?:public |package |internal |private |fileprivate )?import (?:\w+ )?(\w+)", source, re.MULTILINE):
            if name in modules:
                users.setdefault(name, set()).add(target(path))
    return ["C module %s is imported by %s: it belongs to one" % (name, " and ".join(sorted(targets))) for name, targets in sorted(users.items()) if len(targets) > 1]


def packages(path, source):
    return ["%s:%d: a fetched package: the toolchain and the system's libraries are all that is used" % (path, number)
            for number, line in enumerate(source.split("\n"), 1) if re.search(r"\.package\s*\(", line.split("//")[0])]


def try_on_planted():
    planted = 'let a = "SELECT name FROM clusters" // SELECT x FROM y\nlet b = """\n  DELETE\n  FROM runs\n  """\nlet c = "UPDATE runs SET a = 1"\n'
    assert len(sql("Sources/Operations/A.swift", planted)) == 3, "SQL check finds no SQL"
    assert sql("Sources/Catalog/A.swift", planted) == []
    assert sql("Sources/Operations/A.swift", '// SELECT a FROM b\nlet a = "select one from the list"; let b = "\\(x["a"])DELETE"') == []
    both = [("Sources/Platform/HTTPClient/A.swift", "import CCurl\n"), ("Sources/AgentCore/A.swift", "package import CCurl\n")]
    assert len(c_imports(both, {"CCurl"})) == 1 and c_imports(both[:1], {"CCurl"}) == []
    assert len(packages("Package.swift", '// .package(\n.package(url: "x")')) == 1


def main(root):
    os.chdir(root)
    try_on_planted()
    files = []
    for path in sorted(glob.glob("Sources/**/*.swift", recursive=True)):
        with open(path, encoding="utf-8") as file:
            files.append((path, file.read()))
    with open("Package.swift", encoding="utf-8") as file:
        problems = packages("Package.swift", file.read())
    for path, source in files:
        problems += sql(path, source)
    problems += c_imports(files, set(os.listdir("Sources/System")))
    for problem in problems:
        print("error: " + problem)
    sys.exit(1 if problems else 0)


main(sys.argv[1])
