import BackupModel
import Crypto
import Glibc

/// A file that appears under its name only when it is whole: until then it has another name beside it, mode 0600.
final class DownloadedFile {
    let path: String
    private let replaces: Bool
    private var temporary = ""
    private var descriptor: Int32 = -1
    private var size = 0
    private let hash = SHA256()

    /// - Throws: When there is such a file already and it may not be replaced.
    init(_ path: String, replaces: Bool) throws {
        self.path = path
        self.replaces = replaces
        try refuseToReplace()
    }

    private func refuseToReplace() throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw Failure("control.file-exists", "\(quoted(path)) is a folder", hint: "name the file that is to be written") }
        if !replaces { throw Failure("control.file-exists", "\(quoted(path)) exists, and is not replaced", hint: "name another file, or add --force") }
    }

    func begin() throws {
        var name = Array("\(path).XXXXXX".utf8CString)
        // Makes it with mode 0600.
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw failure("unable to write beside") }
        temporary = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("unable to write") }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        hash.update(bytes)
        size += bytes.count
    }

    /// Gives it its name, when it is what it should be.
    func finish(size expected: Int, sha256: SHA256Hex) throws {
        let found = hash.finish().hex
        guard size == expected, found == sha256.rawValue else {
            throw Failure(
                "backup.object-changed", "what came for \(quoted(path)) is not what was backed up: \(size) bytes of SHA-256 \(found)", hint: "aeneas backup verify tells whether the store still has it")
        }
        guard fsync(descriptor) == 0 else { throw failure("unable to write") }
        try refuseToReplace()
        guard rename(temporary, path) == 0 else { throw failure("unable to rename to") }
        temporary = ""
        close(descriptor)
        descriptor = -1
        syncFolder()
    }

    func abandon() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if !temporary.isEmpty { unlink(temporary) }
        temporary = ""
    }

    private func syncFolder() {
        let parent = path.lastIndex(of: "/").map { path.startIndex == $0 ? "/" : String(path[..<$0]) } ?? "."
        let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private func failure(_ told: String) -> Failure {
        Failure("control.unwritable", "\(told) \(quoted(path)): \(String(cString: strerror(errno)).lowercased())", hint: "may you write there, and is there room?")
    }
}
