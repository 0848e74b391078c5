import BackupModel
import ControlAPI

/// A restore plan for people: what it destroys first, what speaks against it before what it does.
struct PlanText {
    private let plan: RestorePlan
    private let digest: String?

    init(_ plan: RestorePlan, digest: String? = nil) {
        self.plan = plan
        self.digest = digest
    }

    var text: String {
        let sections = [head] + plan.nodes.map(node) + [findings, steps, digest.map { "plan digest: \($0.plain)\n" } ?? ""]
        return sections.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var head: String {
        let what = plan.kind == .node ? "restore node \(plan.nodes.first?.address ?? "?") of cluster '\(plan.cluster)'" : "restore the whole cluster '\(plan.cluster)'"
        let damaged = plan.nodes.reduce(0) { $0 + $1.damagedSSTables }
        var facts = [
            ["backup", "\(plan.backup) in store '\(plan.store)'"], ["consistency", consistency],
            ["as of", "\(plan.asOf.text), \(Amount.duration(plan.ageSeconds)) ago"], ["deletions", grace],
            ["download", "\(Amount.bytes(plan.downloadBytes)) in \(Amount.count(plan.nodes.reduce(0) { $0 + $1.sstables }, "SSTable")) on \(Amount.count(plan.nodes.count, "node"))"],
            ["repair", repair],
        ]
        if damaged > 0 { facts.append(["left out", "\(Amount.count(damaged, "SSTable")) that had been damaged before the backup"]) }
        return "\(what.plain)\n" + TextTable([], facts, indent: 2).text
    }

    private var consistency: String {
        switch plan.consistency {
        case .transactional: "transactional: no transaction is in it by half"
        case .perNode: "per node: each is as of its own snapshot"
        }
    }

    private var grace: String {
        guard let seconds = plan.smallestGCGraceSeconds, let table = plan.smallestGCGraceTable else { return "no gc_grace_seconds is known" }
        return "the shortest gc_grace_seconds is \(Amount.duration(seconds)) ('\(table)'): the backup is \(plan.ageSeconds < seconds ? "younger" : "OLDER")"
    }

    private var repair: String {
        guard !plan.repairKeyspaces.isEmpty else { return "nothing is replicated: none" }
        return "full, \(plan.repairPrimaryRangesOnly ? "primary ranges of each node in turn" : "all ranges of the node"): \(plan.repairKeyspaces.map(\.rawValue).joined(separator: ", "))"
    }

    private func node(_ node: RestorePlanNode) -> String {
        let state = node.cassandraRunning ? "Cassandra is running and will be stopped" : "Cassandra is not running"
        var text = "node \(node.address) (\(node.datacenter), \(node.rack), host id \(node.hostID)): \(state)\n".plainLines
        text += "  destroys, once what was set aside is dropped:\n"
        text += TextTable([], node.destroys.map { [$0.path, $0.exists ? Amount.bytes($0.bytes) : "not there"] }, indent: 4).text
        text += "  places \(Amount.bytes(node.downloadBytes)): \(Amount.count(node.sstables, "SSTable")) of \(Amount.count(node.tables, "table"))\n"
        if !node.space.isEmpty {
            text += "  needs space beside it:\n"
            text += TextTable([], node.space.map { [$0.path, "\(Amount.bytes($0.needed)) of \(Amount.bytes($0.free)) free" + ($0.needed > $0.free ? ": NOT ENOUGH" : "")] }, indent: 4).text
        }
        if !node.leftOut.isEmpty { text += "  leaves out what the node learns anew: \(node.leftOut.joined(separator: ", ").plain)\n" }
        return text
    }

    private var findings: String {
        let groups: [(RestorePlan.Finding.Weight, String)] = [
            (.refusal, "REFUSED, because"), (.override, "refused unless taken on by --override CODE"), (.warning, "warnings"), (.information, "good to know"),
        ]
        return groups.map { weight, title in
            let chosen = plan.findings.filter { $0.weight == weight }
            return chosen.isEmpty ? "" : "\(title):\n" + chosen.map { "  [\($0.code)] \(Self.told($0))\n".plainLines }.joined()
        }.joined()
    }

    private static func told(_ finding: RestorePlan.Finding) -> String {
        guard let node = finding.node, !finding.text.contains(node) else { return finding.text.plain }
        return "\(node): \(finding.text)".plain
    }

    private var steps: String { "steps:\n" + plan.steps.enumerated().map { "  \($0.offset + 1). \($0.element.plain)\n" }.joined() }
}
