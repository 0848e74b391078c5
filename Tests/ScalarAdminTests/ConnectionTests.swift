import BackupModel
import Foundation
import ScalarAdmin
import Synchronization
import TestSupport
import Testing

@Suite struct ConnectionTests {
    private static let errors: [GRPCStatus] = (1...16).map { GRPCStatus($0) }

    private func failure(_ body: () throws(ScalarAdminError) -> Void) -> ScalarAdminError? {
        do throws(ScalarAdminError) {
            try body()
            return nil
        } catch { return error }
    }

    @Test("every status arrives as itself over one connection")
    func statuses() async throws {
        try await onOwnThread {
            let server = try ScalarAdminServer(), target = server.targets[0], link = ScalarAdminConnection(target, PauseAccess(targets: [target]))
            for status in Self.errors {
                try server.obey(target, "fail", "Unpause", status.description, "1", "größer", "100%", "words")
                #expect(failure { () throws(ScalarAdminError) in try link.unpause() } == .status(status, message: "größer 100% words"))
            }
            #expect(link.connectionsMade == 1)
        }
    }

    @Test("an instance that refuses CheckPaused before it has read the call is understood each time, by many at once")
    func refusedEarly() async throws {
        try await onOwnThread {
            let server = try ScalarAdminServer(), target = server.targets[0], lost = Mutex<[String]>([])
            try server.obey(target, "without-check")
            DispatchQueue.concurrentPerform(iterations: 16) { _ in
                for _ in 1...200 {
                    let link = ScalarAdminConnection(target, PauseAccess(targets: [target]))
                    do throws(ScalarAdminError) { _ = try link.isPaused() } catch { if !error.isUnimplemented { lost.withLock { $0.append("\(error)") } } }
                }
            }
            #expect(lost.withLock { $0 } == [])
        }
    }

    @Test("a Pause says that it waits and for how long, and calls tell their deadline")
    func request() async throws {
        try await onOwnThread {
            let server = try ScalarAdminServer(), target = server.targets[0], link = ScalarAdminConnection(target, PauseAccess(targets: [target], callSeconds: 3))
            try link.pause(waitSeconds: 7)
            try link.pause(waitSeconds: 60)
            try link.unpause()
            let calls = try server.log().filter { $0.event == "called" }
            #expect(calls.map(\.fields) == [["1": 1, "2": 7000], ["1": 1, "2": 60000], [:]])
            // Never less than the 30 s of an instance that does not know the limit, and a little more than our own deadline.
            #expect(calls.compactMap { $0.deadline.map { Int($0.rounded()) } } == [36, 66, 4])
            #expect(calls.map(\.authority) == Array(repeating: target.description, count: 3))
        }
    }

    @Test("an instance that is stopped in the middle costs the deadline, and the link is good again when it goes on")
    func stoppedProcess() async throws {
        try await onOwnThread {
            let server = try ScalarAdminServer(), target = server.targets[0], link = ScalarAdminConnection(target, PauseAccess(targets: [target], callSeconds: 1))
            #expect(try !link.isPaused())
            server.signal(SIGSTOP)
            #expect(failure { () throws(ScalarAdminError) in try link.unpause() } == .deadline(seconds: 1))
            server.signal(SIGCONT)
            #expect(try !link.isPaused())
            #expect(link.connectionsMade == 2)
        }
    }

    @Test("a process that is killed cuts the connection; nobody is there afterwards")
    func killedProcess() async throws {
        try await onOwnThread {
            let server = try ScalarAdminServer(), target = server.targets[0], link = ScalarAdminConnection(target, PauseAccess(targets: [target], callSeconds: 2))
            try link.pause(waitSeconds: 1)
            server.signal(SIGKILL)
            var error: ScalarAdminError?
            for _ in 0..<1000 {
                error = failure { () throws(ScalarAdminError) in try link.unpause() }
                if case .unreachable = error { break }
                usleep(2000)
            }
            guard case .unreachable = error else { throw Unexpected(description: "\(String(describing: error))") }
            #expect(link.connectionsMade == 1)
        }
    }

    private func withTLS(_ names: [String], _ body: @escaping @Sendable (ScalarAdminServer, TestCertificates, String) throws -> Void) async throws {
        try await onOwnThread {
            let folder = FileManager.default.temporaryDirectory.appending(path: "aeneas-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let certificates = try TestCertificates(in: folder, names: names)
            try body(ScalarAdminServer(certificates: certificates), certificates, String(contentsOfFile: certificates.authority, encoding: .utf8))
        }
    }

    private func link(_ server: ScalarAdminServer, _ tls: PauseTLS?) -> ScalarAdminConnection {
        ScalarAdminConnection(server.targets[0], PauseAccess(targets: server.targets, tls: tls, callSeconds: 2))
    }

    @Test("TLS with the application's own authority, given as text, over one connection")
    func tls() async throws {
        try await withTLS(["IP:127.0.0.1"]) { server, _, ca in
            let link = link(server, PauseTLS(caPEM: ca))
            try link.pause(waitSeconds: 1)
            #expect(try link.isPaused())
            try link.unpause()
            #expect(try !link.isPaused())
            #expect(link.connectionsMade == 1)
        }
    }

    @Test("another authority is checked against the certificate and sent as it is written", arguments: ["admin.example", "admin.example:443"])
    func authority(_ authority: String) async throws {
        try await withTLS(["DNS:admin.example"]) { server, _, ca in
            let isPaused = try link(server, PauseTLS(caPEM: ca, authority: authority)).isPaused()
            #expect(!isPaused)
            #expect(try server.log().last { $0.event == "called" }?.authority == authority)
        }
    }

    @Test("a certificate for another name, or of an authority that is not the given one or the system's, is refused before anything is sent")
    func refusedCertificates() async throws {
        try await withTLS(["DNS:admin.example"]) { server, certificates, ca in
            let other = try TestCertificates(in: certificates.folder.appending(path: "other"), names: ["IP:127.0.0.1"])
            let otherCA = try String(contentsOfFile: other.authority, encoding: .utf8)
            for tls in [PauseTLS(caPEM: ca), PauseTLS(caPEM: ca, authority: "other.example"), PauseTLS(caPEM: otherCA, authority: "admin.example"), PauseTLS(authority: "admin.example")] {
                let error = failure { () throws(ScalarAdminError) in try link(server, tls).pause(waitSeconds: 1) }
                guard case .tls = error else { throw Unexpected(description: "\(String(describing: error)) with \(tls)") }
                #expect(error?.leavesStateUnknown == false)
            }
            #expect(try server.log().allSatisfy { $0.event != "called" })
        }
    }

    @Test("text that is no certificate is refused")
    func noCertificate() async throws {
        try await withTLS(["IP:127.0.0.1"]) { server, _, _ in
            let error = failure { () throws(ScalarAdminError) in try link(server, PauseTLS(caPEM: "not PEM")).unpause() }
            guard case .tls = error else { throw Unexpected(description: "\(String(describing: error))") }
        }
    }

    @Test("TLS asked of an instance without it, and the other way round, fail in time")
    func mismatch() async throws {
        try await withTLS(["IP:127.0.0.1"]) { server, _, _ in
            #expect(failure { () throws(ScalarAdminError) in try link(server, nil).unpause() } != nil)
        }
        try await onOwnThread {
            let plain = try ScalarAdminServer()
            #expect(failure { () throws(ScalarAdminError) in try link(plain, PauseTLS()).unpause() } != nil)
        }
    }

    @Test("the command by hand opens an instance, without TLS and with it", arguments: [false, true])
    func byHand(_ encrypted: Bool) async throws {
        try await withTLS(["DNS:admin.example"]) { secured, certificates, ca in
            let server = encrypted ? secured : try ScalarAdminServer(), tls = encrypted ? PauseTLS(caPEM: ca, authority: "admin.example") : nil
            try link(server, tls).pause(waitSeconds: 1)
            try String(ca).write(to: certificates.folder.appending(path: "AUTHORITIES.pem"), atomically: true, encoding: .utf8)
            let shell = Process(), output = Pipe()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.currentDirectoryURL = certificates.folder
            shell.arguments = ["-c", commandByHand(unpause: server.targets[0], tls: tls)]
            shell.standardOutput = output
            try shell.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            shell.waitUntilExit()
            #expect(text.contains("grpc-status: 0"))
            #expect(try !link(server, tls).isPaused())
        }
    }
}
