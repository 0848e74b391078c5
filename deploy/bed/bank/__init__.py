"""A bank: a real transactional workload over Cassandra, or over Cassandra and PostgreSQL, whose invariants show whether a backup is consistent.

Its transactions follow ScalarDB's protocol: every record carries the state of the transaction that wrote it last and what was there before. A transaction prepares its
records one by one, each conditional on what it has read; then one row of the table `coordinator.state`, written once, decides for all of them; then the records are
committed. Whoever meets a record that is still prepared asks the coordinator and completes the other's work (lazy recovery).
"""
