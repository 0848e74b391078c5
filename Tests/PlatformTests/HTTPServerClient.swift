import Foundation
import Glibc
import HTTPServer
import Synchronization

/// A client that says exactly the bytes it is told to.
final class RawClient: @unchecked Sendable {
    // Used by one test at a time.
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) async throws {
        try await ProgramRun.blocking { [descriptor] in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// What comes until `mark` has been seen or the server has closed.
    func receive(until mark: String? = nil) async throws -> String {
        try await ProgramRun.blocking { [descriptor] in
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                if let mark, String(decoding: all, as: UTF8.self).contains(mark) { break }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count <= 0 { break }
                all += buffer.prefix(count)
            }
            return String(decoding: all, as: UTF8.self)
        }
    }

    /// Closes with a reset, as when the client's process dies with unread data.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    func closeSending() { shutdown(descriptor, Int32(SHUT_WR)) }
}

enum Curl {
    /// The response as `-i` shows it. `at` is put after the scheme and authority.
    static func fetch(_ server: HTTPServer, _ at: String, _ options: [String] = [], input: String = "") async throws -> ProgramRun.Outcome {
        try await ProgramRun.run(
            "/usr/bin/curl", ["-sS", "-i", "--path-as-is", "--noproxy", "*", "--max-time", "60"] + options + ["http://127.0.0.1:\(server.port ?? 0)\(at)"],
            input: input)
    }
}

/// Waits for what happens on another thread.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

/// A value that a handler and its test share.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }
}

extension Shared where Value == Int {
    @discardableResult func add(_ amount: Int = 1) -> Int {
        mutex.withLock { value in
            value += amount
            return value
        }
    }
}
