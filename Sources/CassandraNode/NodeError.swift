package import BackupModel

/// What can go wrong with the Cassandra beside the agent and with its folders.
package enum NodeError: Hashable, Sendable {
    /// Nothing usable answers at `endpoint`; nothing was asked.
    case unreachable(endpoint: String, reason: String)
    case loginRefused(endpoint: String, reason: String)
    /// The JMX user is known and may not do this.
    case notAllowed(call: String, reason: String)
    case tlsFailed(endpoint: String, reason: String)
    /// The connection ended within a call, or the call outlasted its time: whether Cassandra did it is not known.
    case interrupted(call: String, reason: String)
    /// Cassandra's own words about a call.
    case remote(call: String, words: String)
    /// It answers, but is not so far (or no longer) that it can tell `missing`.
    case notReady(missing: String)
    /// Cassandra answered with something that we cannot use.
    case unexpectedAnswer(String)

    case unknownKeyspace(String)
    case snapshotExists(SnapshotTag)
    case snapshotFailed(SnapshotTag, words: String)
    /// No table in any data folder has it.
    case snapshotMissing(SnapshotTag)
    /// Something in a snapshot is not what Cassandra leaves there, or is gone. `path` is absolute.
    case snapshotUnsound(path: String, problem: String)
    /// Never removed by us.
    case notOurSnapshot(SnapshotTag)

    case repairFailed(KeyspaceName, messages: [String])
    /// No longer waited for; it may still go on in Cassandra.
    case repairTimedOut(KeyspaceName, seconds: Int)
    case repairCancelled(KeyspaceName)

    /// `line` from 1, where the trouble has one.
    case configurationUnreadable(path: String, line: Int?, reason: String)
    /// Neither the Java process's properties nor its class path lead to a `cassandra.yaml`.
    case configurationNotFound(pid: Int?)
    case folderUnreadable(path: String, reason: String)
}

extension NodeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let endpoint, let reason): "unable to reach Cassandra's JMX at \(endpoint): \(reason)"
        case .loginRefused(let endpoint, let reason): "JMX at \(endpoint) refused the user or password: \(reason)"
        case .notAllowed(let call, let reason): "the JMX user may not call \(call): \(reason)"
        case .tlsFailed(let endpoint, let reason): "TLS with JMX at \(endpoint) failed: \(reason)"
        case .interrupted(let call, let reason): "the call of \(call) was cut short: \(reason)"
        case .remote(let call, let words): "Cassandra refused \(call): \(words)"
        case .notReady(let missing): "Cassandra is starting or stopping: it does not tell \(missing)"
        case .unexpectedAnswer(let what): "Cassandra answered with something unexpected: \(what)"
        case .unknownKeyspace(let name): "there is no keyspace \(quoted(name))"
        case .snapshotExists(let tag): "a snapshot '\(tag)' exists already"
        case .snapshotFailed(let tag, let words): "unable to take snapshot '\(tag)': \(words)"
        case .snapshotMissing(let tag): "there is no snapshot '\(tag)' in the data folders"
        case .snapshotUnsound(let path, let problem): "the snapshot is not sound: \(quoted(path)) \(problem)"
        case .notOurSnapshot(let tag): "snapshot '\(tag)' is not one of ours"
        case .repairFailed(let keyspace, let messages):
            "repair of keyspace '\(keyspace)' failed\(messages.isEmpty ? "" : ": " + messages.joined(separator: "; "))"
        case .repairTimedOut(let keyspace, let seconds): "repair of keyspace '\(keyspace)' was not done after \(seconds) s"
        case .repairCancelled(let keyspace): "no longer waiting for the repair of keyspace '\(keyspace)': cancelled"
        case .configurationUnreadable(let path, let line, let reason): "unable to read \(quoted(path))\(line.map { ", line \($0)" } ?? ""): \(reason)"
        case .configurationNotFound(let pid): "unable to find the cassandra.yaml of the running Cassandra\(pid.map { " (process \($0))" } ?? "")"
        case .folderUnreadable(let path, let reason): "unable to read \(quoted(path)): \(reason)"
        }
    }
}

extension NodeError: FailureConvertible {
    package var failure: Failure {
        switch self {
        case .unreachable:
            failure(
                "unreachable", .retry,
                "is Cassandra running here, and is this its JMX port (JMX_PORT in cassandra-env.sh)? 'nodetool -p PORT info' asks the same")
        case .loginRefused:
            failure(
                "jmx-login-refused", .fix,
                "are the cluster's JMX user and password those of jmxremote.password? 'nodetool -u USER -pwf FILE info' asks the same")
        case .notAllowed:
            failure(
                "jmx-not-allowed", .fix, "the JMX user needs 'readwrite' in jmxremote.access, or EXECUTE on the MBeans where Cassandra's own roles are used")
        case .tlsFailed:
            failure("jmx-tls", .fix, "does JMX speak TLS here (com.sun.management.jmxremote.ssl), and does the CA file sign its certificate for this host?")
        case .interrupted: failure("call-interrupted", .retry, nil)
        case .remote: failure("refused", .fix, nil)
        case .notReady: failure("not-ready", .retry, "system.log tells how far it is; 'nodetool netstats' shows its mode")
        case .unexpectedAnswer: failure("unexpected-answer", .bug, "is this a release of Cassandra that is supported (4.0, 4.1, 5.0)?")
        case .unknownKeyspace: failure("unknown-keyspace", .fix, "names are case-sensitive here; 'nodetool tablestats' lists the keyspaces")
        case .snapshotExists(let tag): failure("snapshot-exists", .fix, "'nodetool clearsnapshot -t \(tag)' removes it")
        case .snapshotFailed(let tag, _): failure("snapshot-failed", .retry, "'nodetool snapshot -t \(tag)' does the same by hand; system.log has the reason")
        case .snapshotMissing:
            failure("snapshot-missing", .retry, "was it cleared meanwhile ('nodetool clearsnapshot')? 'nodetool listsnapshots' shows what there is")
        case .snapshotUnsound:
            failure(
                "snapshot-unsound", .fix,
                "was something put into the snapshot's folder, or taken out of it? 'nodetool listsnapshots' shows what Cassandra knows")
        case .notOurSnapshot: failure("snapshot-not-ours", .bug, nil)
        case .repairFailed(let keyspace, _):
            failure("repair-failed", .retry, "are all replicas up ('nodetool status \(keyspace)')? 'nodetool repair -full \(keyspace)' does the same by hand")
        case .repairTimedOut: failure("repair-timed-out", .retry, "it may still run: 'nodetool compactionstats' and 'nodetool netstats' show its work")
        case .repairCancelled: failure("repair-cancelled", .retry, "it may still run in Cassandra, which can only end all repairs of a node at once")
        case .configurationUnreadable: failure("configuration-unreadable", .fix, "may the agent's user read it?")
        case .configurationNotFound: failure("configuration-not-found", .fix, "was Cassandra started with its own bin/cassandra, or with -Dcassandra.config?")
        case .folderUnreadable: failure("folder-unreadable", .fix, "does the agent run as a user who may read Cassandra's folders?")
        }
    }

    private func failure(_ code: String, _ recovery: Failure.Recovery, _ hint: String?) -> Failure {
        Failure("cassandra." + code, description, hint: hint, recovery: recovery)
    }
}
