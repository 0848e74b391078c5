import Foundation
import Glibc

/// `deploy/bed/dns_records.py`: SRV records on loopback, by a DNS library that is not ours. It ends with this object, or with the test process.
package final class DNSServer: Sendable {
    package let port: Int
    private let pid: pid_t
    private let life: Int32

    /// - Parameter records: `name=host:port:priority:weight`, or a name alone.
    package init(_ records: [String], isSilent: Bool = false) throws {
        let process = Process(), input = Pipe(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: try ScalarAdminServer.python())
        process.arguments = [ScalarAdminServer.repository + "/deploy/bed/dns_records.py"] + records + (isSilent ? ["--silent"] : [])
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        pid = process.processIdentifier
        life = dup(input.fileHandleForWriting.fileDescriptor)
        _ = fcntl(life, F_SETFD, FD_CLOEXEC)
        let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(text.split(separator: "\n").first ?? "") else { throw ScalarAdminServer.ServerError(description: "dns_records.py did not start") }
        self.port = port
    }

    deinit {
        kill(pid, SIGKILL)
        close(life)
    }
}
