import Foundation
import Glibc
import HTTPServer
import Testing

@Suite("HTTP server: Unix sockets") struct HTTPServerUnixSocketTests {
    private func server(_ path: String, mode: UInt32 = 0o660, group: String? = nil) -> HTTPServer {
        HTTPServer(listeners: [.unixSocket(path: path, mode: mode, group: group)]) { HTTPResponse(status: 200, text: "\($0.peer) \($0.body.count)") }
    }

    private func fetch(_ path: String) async throws -> String {
        try await ProgramRun.run("/usr/bin/curl", ["-sS", "--unix-socket", path, "--data-binary", "hello", "http://localhost/"]).output
    }

    private func info(_ path: String) -> stat? {
        var info = stat()
        return lstat(path, &info) == 0 ? info : nil
    }

    @Test("a socket has its mode whatever the umask, tells who connects, and goes at the end", arguments: [0o660, 0o600, 0o666] as [UInt32])
    func lifecycle(mode: UInt32) async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let server = server(path, mode: mode)
        try server.start()
        #expect(info(path).map { $0.st_mode & 0o7777 } == mode)
        let answer = try await fetch(path)
        #expect(answer.hasPrefix("unix(userID: \(getuid()), groupID: \(getgid()), processID: "))
        #expect(answer.hasSuffix(" 5"))
        await server.stop(grace: .zero)
        #expect(info(path) == nil)
    }

    @Test("a socket is given to its group, and one without such a group is not left behind")
    func group() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let own = try #require(getgrgid(getgid()).map { String(cString: $0.pointee.gr_name) })
        let good = server(path, group: own)
        try good.start()
        #expect(info(path)?.st_gid == getgid())
        await good.stop(grace: .zero)
        #expect(throws: HTTPServerError.unknownGroup("no-such-group")) { try server(path, group: "no-such-group").start() }
        #expect(info(path) == nil)
    }

    @Test("a socket that nobody answers on is replaced, one in use is not")
    func stale() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let leftover = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(leftover, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        #expect(bound == 0)
        Glibc.close(leftover)
        let first = server(path)
        try first.start()
        #expect(throws: HTTPServerError.inUse(path)) { try server(path).start() }
        #expect(try await fetch(path).hasSuffix(" 5"))
        await first.stop(grace: .zero)
    }

    @Test("a file, folder or link in the socket's place is refused and left alone")
    func otherFiles() async throws {
        let folder = try ScratchFolder()
        let file = try folder.write("keep me", to: "file")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: folder.path + "/gone")
        for path in [file, folder.path + "/link", "/tmp"] {
            #expect(throws: HTTPServerError.notASocket(path)) { try server(path).start() }
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "keep me")
        let long = folder.path + "/" + String(repeating: "x", count: 200)
        #expect(throws: HTTPServerError.pathTooLong(long)) { try server(long).start() }
        #expect(throws: HTTPServerError.system(call: "open", place: folder.path + "/none", code: ENOENT)) { try server(folder.path + "/none/s").start() }
    }

    @Test("stopping does not remove a socket that somebody else put in the place")
    func notOurs() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let (first, second) = (server(path), server(path))
        try first.start()
        unlink(path)
        try second.start()
        await first.stop(grace: .zero)
        #expect(try await fetch(path).hasSuffix(" 5"))
        await second.stop(grace: .zero)
    }

    @Test("when one listener cannot be opened none is")
    func allOrNone() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let file = try folder.write("", to: "file")
        let both = HTTPServer(listeners: [.unixSocket(path: path), .unixSocket(path: file)]) { _ in HTTPResponse(status: 200) }
        #expect(throws: HTTPServerError.notASocket(file)) { try both.start() }
        #expect(info(path) == nil)
    }

    @Test("of many servers started at once on one path exactly one gets it")
    func race() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let servers = (0..<8).map { _ in server(path) }
        let started = try await withThrowingTaskGroup(of: Bool.self) { group in
            for server in servers {
                group.addTask {
                    try await ProgramRun.blocking {
                        do throws(HTTPServerError) {
                            try server.start()
                            return true
                        } catch {
                            #expect(error == .inUse(path))
                            return false
                        }
                    }
                }
            }
            var count = 0
            for try await isStarted in group where isStarted { count += 1 }
            return count
        }
        #expect(started == 1)
        #expect(try await fetch(path).hasSuffix(" 5"))
        for server in servers { await server.stop(grace: .zero) }
    }
}
