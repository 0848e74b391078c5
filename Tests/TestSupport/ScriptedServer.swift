import Foundation
import Glibc

/// A TCP server on loopback that plays a script with every client, each on a thread of its own: for peers that misbehave.
package final class ScriptedServer: Sendable {
    /// The server's end of one connection. It is closed when the script returns.
    package struct Peer: Sendable {
        private let descriptor: Int32

        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// Returns false when the client is gone.
        @discardableResult
        package func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        /// Waits for `count` bytes; nil when the client is gone before.
        package func receive(_ count: Int) -> [UInt8]? {
            var bytes: [UInt8] = []
            while bytes.count < count {
                guard let more = receiveSome(atMost: count - bytes.count) else { return nil }
                bytes += more
            }
            return bytes
        }

        package func receiveSome(atMost limit: Int = 65536) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: limit)
            let count = recv(descriptor, &bytes, limit, 0)
            return count > 0 ? Array(bytes.prefix(count)) : nil
        }

        /// Keeps silent until the client hangs up.
        package func waitForClose() { while receiveSome() != nil {} }

        /// The connection ends in a reset instead of an orderly close.
        package func reset() {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
    }

    package let port: Int
    private let listener: Int32

    package init(_ script: @escaping @Sendable (Peer) -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in(
            sin_family: sa_family_t(AF_INET), sin_port: 0, sin_addr: in_addr(s_addr: UInt32(0x7f00_0001).bigEndian), sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &address) { bytes in
            let address = bytes.bindMemory(to: sockaddr.self).baseAddress!
            precondition(bind(listener, address, size) == 0 && listen(listener, 128) == 0 && getsockname(listener, address, &size) == 0)
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { break }
                Thread.detachNewThread {
                    script(Peer(descriptor))
                    close(descriptor)
                }
            }
            close(listener)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// A port of loopback that nobody listens on, as of now.
    package static func unusedPort() -> Int { ScriptedServer { _ in }.port }
}
