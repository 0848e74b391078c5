"""Parts of `deploy/testbed`: Cassandra nodes with an sshd each, on this host's loopback addresses."""
