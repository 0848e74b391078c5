@testable import AgentCore
import BackupModel
import Crypto
import Foundation
import Testing

@Suite struct TarTests {
    private let sstable = SSTableName(unchecked: "nb-1-big")
    private let files: [(component: String, bytes: [UInt8])] = [
        ("Empty.db", []), ("Index.db", Array(repeating: 7, count: 512)), ("SAI+aa+" + String(repeating: "long_", count: 30) + "Meta.db", Array(repeating: 9, count: 1500)),
        ("TOC.txt", Array("a\nb\n".utf8)),
    ]

    private func name(_ component: String) -> String { "\(sstable)-\(component)" }

    private var archive: [UInt8] {
        files.flatMap { TarWriter.header(name: name($0.component), size: $0.bytes.count) + $0.bytes + TarWriter.padding(after: $0.bytes.count) } + TarWriter.end
    }

    /// What the manifest says of `files`, with a `Data.db` beside them.
    private func described(size: Int? = nil) -> ManifestSSTable {
        let all = files + [("Data.db", Array("data".utf8))]
        let found = all.map { ManifestFile(component: ComponentName(unchecked: $0.component), size: $0.bytes.count, sha256: SHA256Hex(SHA256.hash($0.bytes)), inode: 1, modified: 0) }
        let none = SHA256Hex(SHA256.hash([]))
        return ManifestSSTable(
            name: sstable, folder: 0, index: nil, identity: none, components: none, componentsSize: size ?? archive.count, files: found.sorted { $0.component < $1.component })
    }

    /// Feeds `bytes` in pieces; gives the files that came out whole.
    private func unpack(_ bytes: [UInt8], pieces: Int, size: Int? = nil) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:], current = (name: "", bytes: [UInt8]())
        let sink = ComponentsSink(described(size: size)) { current = ($0, []) } bytes: { current.bytes += $0 } end: { found[current.name] = current.bytes }
        for start in stride(from: 0, to: bytes.count, by: pieces) { try bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes(sink.feed) }
        try sink.finish()
        return found
    }

    @Test("tar(1) unpacks an archive of ours: long names, empty files and all")
    func unpackedByTar() throws {
        let bench = try AgentBench()
        try AgentBench.write(archive, bench.root + "/a.tar")
        try AgentBench.makeFolder(bench.root + "/out")
        try run("tar", ["-xf", bench.root + "/a.tar", "-C", bench.root + "/out"])
        for file in files { #expect(AgentBench.bytes("\(bench.root)/out/\(name(file.component))") == file.bytes) }
        #expect(archive.count == TarWriter.size(of: files.map { (name($0.component), $0.bytes.count) }))
    }

    @Test("an archive is taken apart, whatever the pieces it comes in", arguments: [1, 511, 10_000])
    func takenApart(pieces: Int) throws {
        #expect(try unpack(archive, pieces: pieces) == Dictionary(uniqueKeysWithValues: files.map { (name($0.component), $0.bytes) }))
    }

    @Test("every byte of an archive is vouched for, whether it is in a file, in a header or between them")
    func flipped() throws {
        let whole = archive
        for at in whole.indices {
            var bytes = whole
            bytes[at] ^= 1
            #expect(throws: ObjectDamage.self, "byte \(at)") { try unpack(bytes, pieces: 4096) }
        }
    }

    @Test("an archive that is cut, longer, of other files or of none is refused, also when the manifest says that it is of that size")
    func refused() throws {
        let bench = try AgentBench()
        try AgentBench.makeFolder(bench.root + "/in")
        try FileManager.default.createSymbolicLink(atPath: bench.root + "/in/link", withDestinationPath: "/etc/passwd")
        try run("tar", ["-cf", bench.root + "/a.tar", "-C", bench.root, "in"])
        let hostile = try #require(AgentBench.bytes(bench.root + "/a.tar"))
        for bytes in [hostile, [], Array(archive.dropLast(600)), Array(archive.prefix(700)), archive + [0], archive + archive] {
            #expect(throws: ObjectDamage.self) { try unpack(bytes, pieces: 4096) }
            #expect(throws: ObjectDamage.self) { try unpack(bytes, pieces: 4096, size: bytes.count) }
        }
    }

    @Test("tar(1) reads the size of a file of 8 GiB and more")
    func large() throws {
        let bench = try AgentBench(), size = 9 << 30, path = bench.root + "/a.tar"
        try AgentBench.write(TarWriter.header(name: "nb-1-big-Index.db", size: size), path)
        try #require(truncate(path, TarWriter.size(of: [("nb-1-big-Index.db", size)])) == 0)
        #expect(try run("tar", ["-tvf", path]).contains(" \(size) "))
    }
}

/// Runs a program and expects it to end well.
@discardableResult
func run(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process(), output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(text: "\(program) \(arguments): \(text)") }
    return text
}

struct Failed: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
