import BackupModel
import Catalog

/// What speaks for care or against a restore.
enum RestoreFindings {
    typealias Finding = RestorePlan.Finding

    // MARK: the whole

    static func whole(
        _ kind: RestorePlan.Kind, _ description: BackupDescription, cluster: ClusterRecord, survey: Survey?, targets: [RestorePlanner.Target], ageSeconds: Int, smallestGCGrace: (Int, String)?
    ) -> [Finding] {
        age(kind, ageSeconds, smallestGCGrace) + scope(kind, description) + consistency(kind, description, cluster) + partitioner(description, cluster) + schema(description, survey)
            + (kind == .node ? peers(survey, targets) : members(description, targets))
    }

    private static func age(_ kind: RestorePlan.Kind, _ age: Int, _ grace: (seconds: Int, table: String)?) -> [Finding] {
        guard let grace else { return [] }
        if age < grace.seconds { return [] }
        let told = "the backup is \(age) s old; '\(grace.table)' keeps its deletions only \(grace.seconds) s (gc_grace_seconds)"
        switch kind {
        case .node: return [Finding(.override, "restore.older-than-gc-grace", "\(told): rows deleted since may come back. Replacing the node by streaming from its peers is the sound way")]
        case .cluster: return [Finding(.warning, "restore.older-than-gc-grace", "\(told): deletions that no repair had spread before the backup may be undone")]
        }
    }

    private static func scope(_ kind: RestorePlan.Kind, _ description: BackupDescription) -> [Finding] {
        var findings: [Finding] = []
        if !description.complete { findings.append(Finding(kind == .cluster ? .refusal : .warning, "restore.backup-partial", "the backup does not have every node's part")) }
        if !description.onlyKeyspaces.isEmpty {
            findings.append(
                Finding(.refusal, "restore.not-all-keyspaces", "the backup holds only \(description.onlyKeyspaces.map(\.rawValue).joined(separator: ", ")): a node needs its system keyspaces too"))
        }
        return findings
    }

    private static func consistency(_ kind: RestorePlan.Kind, _ description: BackupDescription, _ cluster: ClusterRecord) -> [Finding] {
        switch kind {
        case .cluster:
            let lost = Finding(.warning, "restore.loses-writes", "everything written to the cluster since the backup is lost")
            guard description.consistency == .perNode else { return [lost] }
            let reasons = description.pause.map { ": " + $0.doubts.map(\.text).joined(separator: "; ") } ?? ""
            let told = "the backup is not transactionally consistent: each node is as of its own snapshot\(reasons)"
            // Whoever has an application that is paused for backups has transactions that such a restore tears apart.
            guard let application = cluster.settings.application else { return [lost, Finding(.warning, "restore.per-node", told)] }
            return [lost, Finding(.override, "restore.per-node", "\(told); transactions of '\(application)' may come back in part")]
        case .node:
            return [
                Finding(
                    .information, "restore.stale-until-repaired",
                    "until its repair is through, reads that count on this node may miss what was written since the backup; QUORUM reads may, where a write had reached only it and one other")
            ]
        }
    }

    private static func partitioner(_ description: BackupDescription, _ cluster: ClusterRecord) -> [Finding] {
        guard short(description.partitioner) != short(cluster.partitioner) else { return [] }
        return [Finding(.refusal, "restore.other-partitioner", "the backup was taken with \(description.partitioner), the cluster has \(cluster.partitioner)")]
    }

    private static func schema(_ description: BackupDescription, _ survey: Survey?) -> [Finding] {
        guard let view = survey?.firstView, view.schemaVersion != description.schemaVersion else { return [] }
        let before = Set(description.keyspaces.keys), now = Set(view.keyspaces.keys)
        let added = now.subtracting(before).sorted(), gone = before.subtracting(now).sorted()
        let changed = before.intersection(now).filter { description.keyspaces[$0] != view.keyspaces[$0] }.sorted()
        var told = "the schema has changed since the backup (\(description.schemaVersion) then, \(view.schemaVersion) now)"
        if !added.isEmpty { told += "; keyspaces created since: \(added.joined(separator: ", "))" }
        if !gone.isEmpty { told += "; dropped since: \(gone.joined(separator: ", "))" }
        if !changed.isEmpty { told += "; other replication: \(changed.joined(separator: ", "))" }
        return [Finding(.warning, "restore.schema-changed", told)]
    }

    /// Repair brings what the backup lacks, and needs every replica.
    private static func peers(_ survey: Survey?, _ targets: [RestorePlanner.Target]) -> [Finding] {
        let restored = Set(targets.map(\.record.hostID))
        guard let survey else { return [Finding(.override, "restore.peer-down", "no other node answers: repair after the restore is not possible now")] }
        return survey.answers.filter { answer in answer.live == nil && answer.member.hostID.map { !restored.contains($0) } ?? true }.map {
            Finding(
                .override, "restore.peer-down", node: $0.member.address,
                "node \($0.member.address) does not answer, and without it the repair after the restore cannot complete (\($0.trouble))")
        }
    }

    private static func members(_ description: BackupDescription, _ targets: [RestorePlanner.Target]) -> [Finding] {
        let now = Set(targets.map(\.record.hostID))
        return description.nodes.filter { !now.contains($0.hostID) }.map {
            Finding(.refusal, "restore.other-members", node: $0.address, "the backup has a part of \($0.address) (host id \($0.hostID)), which is no member of the cluster now")
        }
    }

    // MARK: one node

    static func node(_ target: RestorePlanner.Target, _ description: BackupDescription, summary: ManifestReader.Summary?) -> [Finding] {
        reach(target) + release(target, description) + tokens(target) + settings(target) + damage(target, summary) + running(target)
    }

    private static func reach(_ target: RestorePlanner.Target) -> [Finding] {
        guard case .failure(let failure) = target.measured else { return [] }
        return [Finding(.refusal, "restore.node-unreachable", node: target.record.address, "no agent can work on \(target.record.address): \(failure)")]
    }

    private static func release(_ target: RestorePlanner.Target, _ description: BackupDescription) -> [Finding] {
        let now = target.live?.release ?? target.record.facts.release, node = target.record.address
        guard now != description.release else { return [] }
        let told = "the backup was taken by Cassandra \(description.release), \(node) runs \(now)"
        return [Finding(major(now) == major(description.release) ? .warning : .refusal, "restore.other-release", node: node, told)]
    }

    private static func tokens(_ target: RestorePlanner.Target) -> [Finding] {
        guard let part = target.part, Set(part.tokens) != Set(target.record.tokens) else { return [] }
        return [
            Finding(
                .refusal, "restore.tokens-differ", node: target.record.address,
                "\(target.record.address) had other tokens at the backup: \(part.tokens.count) then, \(target.record.tokens.count) now, \(Set(part.tokens).intersection(target.record.tokens).count) the same")
        ]
    }

    private static func settings(_ target: RestorePlanner.Target) -> [Finding] {
        let now = target.live?.settings ?? target.record.facts.settings, node = target.record.address
        guard let then = target.part?.settings else { return [] }
        return Set(then.keys).union(now.keys).sorted().compactMap { name in
            let (before, after) = (then[name] ?? "unset", now[name] ?? "unset")
            guard before != after else { return nil }
            let fatal = name == "uuid_sstable_identifiers_enabled" && before == "true"
            let why = fatal ? ": Cassandra would refuse to start on the backup's SSTables" : ""
            return Finding(fatal ? .refusal : .warning, "restore.setting-differs", node: node, "\(name) was \(before) at the backup and is \(after) on \(node)\(why)")
        }
    }

    private static func damage(_ target: RestorePlanner.Target, _ summary: ManifestReader.Summary?) -> [Finding] {
        guard let summary, summary.damaged > 0 else { return [] }
        return [
            Finding(
                .warning, "restore.damaged-at-source", node: target.record.address,
                "\(summary.damaged) SSTables of \(target.record.address) were damaged before they were backed up and are left out: their rows come from other replicas by the repair")
        ]
    }

    private static func running(_ target: RestorePlanner.Target) -> [Finding] {
        guard target.live != nil else { return [] }
        return [Finding(.warning, "restore.node-running", node: target.record.address, "Cassandra runs on \(target.record.address) and will be stopped")]
    }

    private static func short(_ name: String) -> Substring { name.split(separator: ".").last ?? "" }
    private static func major(_ release: String) -> [Substring] { Array(release.split(separator: ".").prefix(1)) }
}
