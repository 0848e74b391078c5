import BackupModel
import ControlAPI

enum BackupText {
    static func list(_ backups: [BackupBody]) -> String {
        guard !backups.isEmpty else { return "no backups: see 'aeneas backup start --help'\n" }
        return TextTable(
            ["ID", "CLUSTER", "STATE", "CONSISTENCY", "STORE", "STARTED", "TOOK", "SIZE", "SENT", "DAMAGED"],
            backups.map { backup in
                [
                    backup.id.rawValue, backup.cluster.rawValue, backup.state, consistency(backup.consistency, backup.doubts), backup.store.rawValue, backup.started.text,
                    backup.finished.map { Amount.duration(from: backup.started, to: $0) } ?? "-", Amount.bytes(backup.bytes), Amount.bytes(backup.sentBytes),
                    backup.damaged == 0 ? "-" : "\(backup.damaged)",
                ]
            }, rightAligned: [7, 8, 9]
        ).text
    }

    /// `transactional`, `per node`, and `per node (not consistent)` of one that was to be the first.
    static func consistency(_ consistency: BackupDescription.Consistency, _ doubts: [PauseDoubt]? = nil) -> String {
        switch consistency {
        case .transactional: "transactional"
        case .perNode: doubts?.isEmpty == false ? "per node (not consistent)" : "per node"
        }
    }

    /// What a backup came to, in one line, and a second one for what was damaged.
    static func outcome(_ backup: BackupBody) -> String {
        let took = backup.finished.map { " in \(Amount.duration(from: backup.started, to: $0))" } ?? ""
        let size = "\(Amount.bytes(backup.bytes)) in \(Amount.count(backup.sstables, "SSTable")); \(Amount.bytes(backup.sentBytes)) sent"
        let window = backup.pause.map { "\(consistency(backup.consistency, backup.doubts)): \(WindowText($0).lengths)\n" } ?? ""
        return "backup \(backup.id) of '\(backup.cluster)' is \(backup.state)\(took): \(size)\n" + window + damage(backup)
    }

    private static func damage(_ backup: BackupBody) -> String {
        guard backup.damaged > 0 else { return "" }
        return "WARNING: \(Amount.count(backup.damaged, "SSTable")) had been damaged on the node before the backup: see 'aeneas backup show \(backup.id)'\n"
    }

    static func one(_ backup: BackupBody) -> String {
        var facts = [
            ["cluster", backup.cluster.rawValue], ["store", backup.store.rawValue], ["state", backup.state], ["consistency", consistency(backup.consistency, backup.doubts)], ["run", backup.run.rawValue],
            ["started", backup.started.text],
        ]
        if let finished = backup.finished { facts.append(["finished", "\(finished.text), after \(Amount.duration(from: backup.started, to: finished))"]) }
        facts += [["size", "\(Amount.bytes(backup.bytes)) in \(Amount.count(backup.sstables, "SSTable"))"], ["sent", Amount.bytes(backup.sentBytes)], ["damaged", "\(backup.damaged)"]]
        if let description = backup.description { facts += details(description) }
        let window = backup.pause ?? backup.description?.pause
        return "backup \(backup.id)\n" + TextTable([], facts, indent: 2).text + (backup.description.map { "\n" + nodes($0) + damaged($0) } ?? "")
            + (window.map(pause) ?? DoubtText.list(backup.doubts ?? [])) + files(backup.description?.files ?? [])
    }

    private static func details(_ description: BackupDescription) -> [[String]] {
        let keyspaces = description.onlyKeyspaces.isEmpty ? "all" : "only " + description.onlyKeyspaces.map(\.rawValue).joined(separator: ", ")
        return [["release", description.release], ["schema version", description.schemaVersion], ["keyspaces", keyspaces], ["complete", description.complete ? "yes" : "NO: a node's part is missing"]]
    }

    private static func nodes(_ description: BackupDescription) -> String {
        TextTable(
            ["ADDRESS", "DATACENTER", "RACK", "SNAPSHOT", "TABLES", "SSTABLES", "SIZE", "HOST ID"],
            description.nodes.map { node in
                let part = node.part.map { [$0.snapshotStarted.text, "\($0.counts.tables)", "\($0.counts.sstables)", Amount.bytes($0.counts.bytes)] } ?? ["MISSING", "-", "-", "-"]
                return [node.address, node.datacenter, node.rack] + part + [node.hostID.rawValue]
            }, rightAligned: [4, 5, 6]
        ).text
    }

    /// The window, and each node's snapshot in it.
    private static func pause(_ window: PauseWindow) -> String {
        let facts = [["application", "\(window.application), \(Amount.count(window.targets.count, "instance"))"], ["pause", window.pause.rawValue]]
        let nodes = window.nodes.map { node in
            [node.address, milliseconds(node.sentMicroseconds), milliseconds(node.answeredMicroseconds), node.serverMicroseconds.map(milliseconds) ?? "-"]
        }
        let table = nodes.isEmpty ? "" : "\n" + TextTable(["ADDRESS", "ASKED AT MS", "ANSWERED AT MS", "SNAPSHOT TOOK MS"], nodes, rightAligned: [1, 2, 3]).text
        return "\nthe application was paused:\n" + TextTable([], facts, indent: 2).text + WindowText(window).text + table
    }

    /// `12.3`, since the window's beginning.
    private static func milliseconds(_ microseconds: Int) -> String { "\(microseconds / 1000).\(abs(microseconds) / 100 % 10)" }

    private static func files(_ files: [BackupFile]) -> String {
        guard !files.isEmpty else { return "" }
        let rows = files.map { file in
            [file.name.rawValue, Amount.bytes(file.size), Amount.fine(milliseconds: file.ended.milliseconds - file.started.milliseconds), file.sha256.rawValue, file.command.joined(separator: " ")]
        }
        return "\n" + TextTable(["FILE", "SIZE", "TOOK", "SHA-256", "COMMAND"], rows, rightAligned: [1, 2]).text
    }

    private static func damaged(_ description: BackupDescription) -> String {
        let rows = description.nodes.flatMap { node in
            (node.part?.damaged ?? []).map { damaged in
                let place = "\(damaged.keyspace).\(damaged.table)\(damaged.index.map { "/\($0)" } ?? "")"
                return [node.address, place, damaged.sstable.rawValue, "its digest says \(damaged.damage.expected), its bytes are \(damaged.damage.found)"]
            }
        }
        return rows.isEmpty ? "" : "\ndamaged on the node before the backup:\n" + TextTable([], rows, indent: 2).text
    }
}
