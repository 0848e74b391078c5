import BackupModel
import Catalog

/// What must be after a window as it was before it.
struct PauseComparison: Sendable {
    let environment: OperationsEnvironment
    let application: ApplicationRecord

    /// Resolves the application's instances once more.
    func targets(_ before: [PauseTarget]) async -> [PauseDoubt] {
        do {
            let after = try await PausePreparation(environment: environment, application: application).targets()
            guard after != before else { return [] }
            let came = Set(after).subtracting(before).sorted().map { "\($0) came" }, went = Set(before).subtracting(after).sorted().map { "\($0) went" }
            return [PauseDoubt("pause.targets-changed", "the instances of '\(application.name)' changed meanwhile: \((came + went).joined(separator: ", "))")]
        } catch {
            return [PauseDoubt("pause.targets-changed", "the instances of '\(application.name)' cannot be resolved again: \(Failure(error))")]
        }
    }

    /// - Parameters: As every node told before and after.
    static func cluster(before: Survey, after: Survey) -> [PauseDoubt] {
        var doubts = after.troubles.map { PauseDoubt("pause.cluster-in-trouble", "after the window: \($0)") }
        let (then, now) = (facts(before), facts(after))
        if Set(then.keys) != Set(now.keys) {
            let names = Set(then.keys).symmetricDifference(now.keys).compactMap { (then[$0] ?? now[$0])?.address }.sorted()
            doubts.append(PauseDoubt("pause.topology-changed", "nodes came or went while the application was paused: \(names.joined(separator: ", "))"))
        }
        for host in then.keys.sorted() {
            guard let old = then[host], let new = now[host] else { continue }
            if old.tokens.sorted() != new.tokens.sorted() || old.address != new.address {
                doubts.append(PauseDoubt("pause.topology-changed", "node \(old.address) has another address or other tokens than before the window"))
            }
            if old.schemaVersion != new.schemaVersion {
                doubts.append(PauseDoubt("pause.schema-changed", "the schema changed: node \(old.address) had version \(old.schemaVersion) before the window and \(new.schemaVersion) after it"))
            }
            if old.keyspaces != new.keyspaces { doubts.append(PauseDoubt("pause.schema-changed", "node \(old.address) has other keyspaces, or other replication, than before the window")) }
        }
        return doubts
    }

    private static func facts(_ survey: Survey) -> [HostID: NodeFacts] {
        Dictionary(survey.answers.compactMap { $0.live }.map { ($0.hostID, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
