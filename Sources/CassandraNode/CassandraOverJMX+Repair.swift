package import BackupModel
import Glibc
import JMX

extension CassandraOverJMX {
    /// Percentages come as notifications, on a connection of their own, and are for people only: whether it is done Cassandra is asked for, twice a second.
    ///
    /// Cancelling stops the waiting alone: Cassandra can only end all repairs of a node at once, also those of others.
    package func repair(
        _ keyspace: KeyspaceName, primaryRangeOnly: Bool, timeoutSeconds: Int, progress: (Int, String) -> Void, isCancelled: () -> Bool
    ) throws(NodeError) -> Bool {
        let listener = RepairListener(try? connect())
        defer { listener.close() }
        let started = try startTime()
        let number = try startRepair(keyspace, primaryRangeOnly: primaryRangeOnly)
        guard number > 0 else { return false }
        let deadline = ContinuousClock.now + .seconds(timeoutSeconds)
        let patience = ContinuousClock.now + .seconds(60)
        var wasSeen = false
        while true {
            if isCancelled() { throw .repairCancelled(keyspace) }
            for news in listener.wait(milliseconds: 500) where news.number == number { progress(news.percent, news.text) }
            let status = try repairStatus(number, keyspace, started)
            switch status.first {
            case "COMPLETED": return true
            case "FAILED": throw .repairFailed(keyspace, messages: Array(status.dropFirst()))
            case nil where wasSeen || .now > patience: throw .repairFailed(keyspace, messages: ["Cassandra no longer knows of its repair \(number)"])
            default: wasSeen = wasSeen || !status.isEmpty
            }
            if .now > deadline { throw .repairTimedOut(keyspace, seconds: timeoutSeconds) }
        }
    }

    private func startRepair(_ keyspace: KeyspaceName, primaryRangeOnly: Bool) throws(NodeError) -> Int {
        // The last: ranges that no other node has are nothing to repair, and no failure.
        let options = [
            "incremental": "false", "primaryRange": "\(primaryRangeOnly)", "parallelism": "parallel", "jobThreads": "1", "trace": "false", "ignoreUnreplicatedKeyspaces": "true"
        ]
        return try act { (jmx) throws(JMXError) in
            try jmx.invoke(Self.storageService, "repairAsync", arguments: [.string(keyspace.rawValue), .map(options)]).int(of: "a repair's number")
        }
    }

    /// State and messages; empty for null. A JVM that was started since has other repairs under the same numbers.
    private func repairStatus(_ number: Int, _ keyspace: KeyspaceName, _ started: Int) throws(NodeError) -> [String] {
        do throws(NodeError) {
            guard try startTime() == started else { throw NodeError.repairFailed(keyspace, messages: ["Cassandra was restarted meanwhile"]) }
            return try read { (jmx) throws(JMXError) in
                let status = try jmx.invoke(Self.storageService, "getParentRepairStatus", arguments: [.int(Int32(number))])
                return status == .null ? [] : try status.strings(of: "a repair's status")
            }
        } catch {
            switch error {
            case .unreachable, .interrupted, .notReady: throw .repairFailed(keyspace, messages: ["Cassandra stopped answering: \(error)"])
            default: throw error
            }
        }
    }

    private func startTime() throws(NodeError) -> Int {
        try read { (jmx) throws(JMXError) in try jmx.getAttribute("java.lang:type=Runtime", "StartTime").int(of: "StartTime") }
    }
}

/// Hears what Cassandra says about repairs, as long as that works.
private final class RepairListener {
    private var connection: JMXConnection?
    private var percent = 0

    init(_ connection: JMXConnection?) {
        self.connection = connection
        do { try connection?.subscribe(to: CassandraOverJMX.storageService) } catch { self.connection = nil }
    }

    func close() { connection?.close() }

    /// Waits for news or the time; not for the time when there is news.
    func wait(milliseconds: Int) -> [(number: Int, percent: Int, text: String)] {
        guard let connection, let notifications = try? connection.fetchNotifications(wait: .milliseconds(milliseconds)) else {
            connection = nil
            usleep(UInt32(milliseconds) * 1000)
            return []
        }
        return notifications.compactMap { notification in
            guard notification.source.hasPrefix("repair:"), let number = Int(notification.source.dropFirst(7)) else { return nil }
            if let data = try? notification.userData.fields(of: "progress"), let done = try? data["progressCount"]?.int(of: "progressCount"),
                let total = try? data["total"]?.int(of: "total"), total > 0
            {
                percent = min(100, max(percent, done * 100 / total))
            }
            return (number, percent, notification.message ?? "")
        }
    }
}
