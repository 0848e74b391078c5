import BackupModel
import CassandraNode

/// Full repair of keyspaces, one after another.
struct RepairJob {
    let work: RepairWork
    let context: JobContext

    func run() throws -> RepairResult {
        let node = try context.parts.openNode(work.access)
        defer { node.close() }
        var result = RepairResult(repaired: [], skipped: [])
        context.meter.update { $0.itemsTotal = work.keyspaces.count * 100 }
        for (at, keyspace) in work.keyspaces.enumerated() {
            try context.stop.check()
            let stop = context.stop, meter = context.meter
            do {
                let done = try node.repair(
                    keyspace, primaryRangeOnly: work.primaryRangeOnly, timeoutSeconds: work.timeoutSeconds,
                    progress: { percent, words in
                        meter.update {
                            $0.itemsDone = at * 100 + percent
                            $0.current = "\(keyspace): \(words)"
                        }
                    }, isCancelled: { stop.isSet })
                if done { result.repaired.append(keyspace) } else { result.skipped.append(keyspace) }
            } catch NodeError.repairCancelled {
                try stop.check()
                throw NodeError.repairCancelled(keyspace)
            }
            meter.update { $0.itemsDone = (at + 1) * 100 }
        }
        return result
    }
}
