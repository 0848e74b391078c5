import Foundation
import Testing

/// A keyspace of this suite's own on a test bed: six tables of 800 KB that do not compress, on every node; and a snapshot of it that an operator has taken.
actor FaultRows {
    static let shared = FaultRows()
    static let keyspace = "faults", operatorsTag = "operator_own", rowsPerTable = 100
    private var filled: Set<String> = []

    func fill(_ bed: TestBed) async throws {
        guard !filled.contains(bed.folder) else { return }
        let ran = try await run(bed, "fill")
        try #require(ran.status == 0, "\(ran)")
        for node in bed.nodes where !snapshots(node).contains(Self.operatorsTag) {
            try node.takeSnapshot(Self.operatorsTag, of: Self.keyspace)
        }
        filled.insert(bed.folder)
    }

    /// Every row is there, with its own value.
    func check(_ bed: TestBed) async throws -> Ran { try await run(bed, "check") }

    private func run(_ bed: TestBed, _ action: String) async throws -> Ran {
        try await Subprocess.run(
            try await TestBed.python(), ["-c", Self.script, action, bed.nodes.map(\.address).joined(separator: ","), "\(bed.nodes[0].cqlPort)", Self.keyspace, "\(Self.rowsPerTable)"])
    }

    private static let script = """
        import random, sys
        from cassandra import ConsistencyLevel
        from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
        from cassandra.concurrent import execute_concurrent_with_args
        from cassandra.policies import RoundRobinPolicy
        action, hosts, port, keyspace, rows = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
        profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy(), consistency_level=ConsistencyLevel.ALL, request_timeout=60)
        cluster = Cluster(hosts, port=port, execution_profiles={EXEC_PROFILE_DEFAULT: profile}, connect_timeout=30, control_connection_timeout=30)
        session = cluster.connect()
        def body(table, row):
            return random.Random(f"{table} {row}").randbytes(8192)
        if action == "fill":
            session.execute(f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'dc1': {len(hosts)}}}")
            for table in range(6):
                session.execute(f"CREATE TABLE IF NOT EXISTS {keyspace}.blobs{table} (id int PRIMARY KEY, body blob) WITH compression = {{'enabled': 'false'}}")
                insert = session.prepare(f"INSERT INTO {keyspace}.blobs{table} (id, body) VALUES (?, ?)")
                execute_concurrent_with_args(session, insert, [(row, body(table, row)) for row in range(rows)], concurrency=32)
        else:
            for table in range(6):
                got = {row.id: row.body for row in session.execute(f"SELECT * FROM {keyspace}.blobs{table}")}
                if got != {row: body(table, row) for row in range(rows)}:
                    sys.exit(f"{keyspace}.blobs{table} has {len(got)} rows, or other ones")
        cluster.shutdown()
        """
}
