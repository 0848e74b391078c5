import BackupModel
import Foundation
import NodeDispatch
import TestSupport
import Testing

@Suite struct FakeConformanceTests {
    private struct Bench: NodeDispatchBench {
        let cluster: FakeCluster
        var dispatch: any NodeDispatch { cluster }
        let node = NodeTarget(address: HostAddress(unchecked: "10.0.0.1"), port: 22, user: "u", keyFile: "/k", agentFolder: "a", name: "node-1")

        func agentEnds(_ hello: AgentHello) async -> Bool {
            for _ in 0..<5000 {
                if cluster.agentIsGone(hello) { return true }
                try? await Task.sleep(for: .milliseconds(2))
            }
            return false
        }
        func killAgent(_ hello: AgentHello) { cluster.killAgent(hello) }
    }

    @Test("the fake keeps the rules of every dispatcher", arguments: NodeDispatchConformance.all)
    func conforms(_ rule: NodeDispatchConformance) async throws {
        let cluster = FakeCluster { request, event in
            switch request {
            case .listJobs: return .jobs([])
            case .followJob(_, let after, _):
                for number in 0..<after { event(.job(number: number + 1, .note(Note(.info, "\(number)")))) }
                return .jobEnded(.succeeded(.done))
            case .flush(let request):
                event(.note(Note(.info, request.keyspaces.map(\.rawValue).joined(separator: ","))))
                return .done
            case .inspect: throw Failure("test.refused", "refused")
            default:
                while true {
                    event(.heartbeat)
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        }
        try await rule.check(Bench(cluster: cluster))
    }
}
