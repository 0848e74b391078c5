"""Cassandra's own tool, of the distribution that the test bed runs."""

import os
import shlex

from bed import cassandra, distribution, java


class Nodetool:
    """`env` is what it is to be started with. Only for beds of real nodes."""

    def __init__(self, bed):
        home = distribution.find(None, bed["release"]).home
        self.program = home + "/bin/nodetool" if os.path.exists(home + "/bin/nodetool") else "nodetool"
        self.env = dict(os.environ, JAVA_HOME=java.home(cassandra.java_majors(bed["release"])))

    def words(self, node, *words):
        return [self.program, "-h", node["jmxHost"], "-p", str(node["jmxPort"]), *words]

    def on_all(self, nodes, *words):
        """A line for `sh -c` that runs it for all nodes at once, waits for each, and fails when one has failed."""
        starts = ["%s >/dev/null & p%d=$!" % (shlex.join(self.words(node, *words)), number) for number, node in enumerate(nodes)]
        return "; ".join(starts + ["wait $p%d || exit 1" % number for number in range(len(nodes))])
