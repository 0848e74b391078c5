import BackupModel
import ScalarAdmin
import TestSupport
import Testing

@Suite struct ConformanceTests {
    @Test("the fake application keeps the rules of every instance", arguments: ScalarAdminConformance.all)
    func fake(_ rule: ScalarAdminConformance) async throws {
        let application = FakeApplication()
        try await onOwnThread { try rule.check(application.instance(application.targets[1])) }
        #expect(application.isOpen(application.targets[0]) && application.calls(.pause, of: application.targets[0]).isEmpty)
    }

    @Test("an instance on grpcio keeps them, over a ScalarAdminConnection", arguments: ScalarAdminConformance.all)
    func grpcio(_ rule: ScalarAdminConformance) async throws {
        try await onOwnThread {
            let server = try ScalarAdminServer(), access = PauseAccess(targets: server.targets, callSeconds: 1)
            try rule.check(server.instance(server.targets[0], access))
        }
    }
}
