import BackupModel
import Resolver
import ScalarAdmin
import TestSupport
import Testing

@Suite struct TargetSourceTests {
    @Test("addresses and service records give one list, sorted and each once")
    func resolves() async throws {
        try await onOwnThread {
            let server = try DNSServer([
                "_a._tcp.x=App-2.x:60053:0:0", "_a._tcp.x=app-1.x:60053:9:0", "_a._tcp.x=app-2.x:60054:0:0", "_b._tcp.x=app-1.x:60053:0:0", "_b._tcp.x=10.0.0.9:1:0:0",
            ])
            let source = TargetSource(targets: [try PauseTarget("app-1.x:60053"), try PauseTarget("[::1]:7")], services: ["_a._tcp.x", "_b._tcp.x"])
            let targets = try source.resolve(server: NameServer(address: "127.0.0.1", port: server.port))
            #expect(targets.map(\.description) == ["10.0.0.9:1", "[::1]:7", "app-1.x:60053", "app-2.x:60053", "app-2.x:60054"])
        }
    }

    @Test("one service that cannot be looked up fails the whole: a list with instances missing would be worse than none")
    func unresolved() async throws {
        try await onOwnThread {
            let server = try DNSServer(["_a._tcp.x=app-1.x:60053:0:0", "_zero._tcp.x=app-1.x:0:0:0"]), address = NameServer(address: "127.0.0.1", port: server.port)
            let error = caught(TargetSourceError.self) { try TargetSource(services: ["_a._tcp.x", "_gone._tcp.x"]).resolve(server: address) }
            #expect(error == .unresolved(service: "_gone._tcp.x", .noSuchName("_gone._tcp.x")) && error?.failure.code == "pause.service-unresolved")
            let port = caught(TargetSourceError.self) { try TargetSource(services: ["_zero._tcp.x"]).resolve(server: address) }
            #expect(port == .badRecord(service: "_zero._tcp.x", host: "app-1.x", port: 0))
        }
    }

    @Test("nothing listed resolves to nothing")
    func empty() throws {
        #expect(try TargetSource().resolve().isEmpty)
    }
}
