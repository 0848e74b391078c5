import BackupModel
import Glibc

/// Small files that hold secrets: refused when others may read them, and read whole.
enum SecretFile {
    static func read(_ path: String, what: String) throws -> [UInt8] { try read(path, what: what, isSecret: true, greatestSize: 64 << 10) }

    /// PEM of authorities, which everybody may read. A system's whole list has some 200 KiB.
    static func certificates(_ path: String, of owner: String) throws -> String {
        let text = String(decoding: try read(path, what: "certificates of \(owner)", isSecret: false, greatestSize: 1 << 20), as: UTF8.self)
        guard text.contains("-----BEGIN CERTIFICATE-----") || text.contains("-----BEGIN TRUSTED CERTIFICATE-----") else {
            throw Failure("input.no-certificate", "there is no certificate of \(owner) in '\(path)'", hint: "a file in PEM is needed, with a line '-----BEGIN CERTIFICATE-----'")
        }
        return text
    }

    private static func read(_ path: String, what: String, isSecret: Bool, greatestSize: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure("input.secret-unreadable", "cannot read the \(what) in '\(path)': \(String(cString: strerror(errno)))", hint: "does the file exist on the master, readable by aeneasd?")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw Failure("input.secret-unreadable", "'\(path)' is not a file") }
        guard !isSecret || status.st_mode & 0o077 == 0 else {
            throw Failure("input.secret-exposed", "others may read the \(what) in '\(path)' (mode \(String(status.st_mode & 0o777, radix: 8)))", hint: "chmod 600 '\(path)'")
        }
        guard status.st_size <= greatestSize else { throw Failure("input.secret-unreadable", "'\(path)' is larger than \(greatestSize) bytes") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw Failure("input.secret-unreadable", "cannot read '\(path)': \(String(cString: strerror(errno)))") }
        return Array(bytes.prefix(count))
    }
}
