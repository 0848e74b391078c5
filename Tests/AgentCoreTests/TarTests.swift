@testable import AgentCore
import Foundation
import Testing

@Suite struct TarTests {
    private let files: [(name: String, bytes: [UInt8])] = [
        ("nb-1-big-Index.db", Array(repeating: 7, count: 512)), ("nb-1-big-TOC.txt", Array("a\nb\n".utf8)), ("nb-1-big-Empty.db", []),
        ("nb-1-big-SAI+aa+" + String(repeating: "long_", count: 30) + "Meta.db", Array(repeating: 9, count: 1500)),
    ]

    private var archive: [UInt8] {
        files.flatMap { TarWriter.header(name: $0.name, size: $0.bytes.count) + $0.bytes + TarWriter.padding(after: $0.bytes.count) } + TarWriter.end
    }

    private func read(_ bytes: [UInt8], pieces: Int) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:], name = ""
        var reader = TarReader()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes { piece in
                try reader.feed(piece) { part in
                    switch part {
                    case .file(let file, _):
                        name = file
                        found[file] = []
                    case .bytes(let bytes): found[name]! += bytes
                    case .fileEnd: name = ""
                    }
                }
            }
        }
        try reader.finish()
        return found
    }

    @Test("tar(1) unpacks an archive of ours: long names, empty files and all")
    func unpackedByTar() throws {
        let bench = try AgentBench()
        try AgentBench.write(archive, bench.root + "/a.tar")
        try AgentBench.makeFolder(bench.root + "/out")
        try run("tar", ["-xf", bench.root + "/a.tar", "-C", bench.root + "/out"])
        for file in files { #expect(AgentBench.bytes("\(bench.root)/out/\(file.name)") == file.bytes) }
        #expect(archive.count == TarWriter.size(of: files.map { ($0.name, $0.bytes.count) }))
    }

    @Test("an archive that tar(1) made is read, whatever the pieces it comes in", arguments: ["ustar", "pax"])
    func packedByTar(format: String) throws {
        let bench = try AgentBench(), usable = files.filter { format == "pax" || $0.name.count < 100 }
        for file in usable { try AgentBench.write(file.bytes, "\(bench.root)/in/\(file.name)") }
        try run("tar", ["--format=\(format)"] + (format == "pax" ? ["--pax-option=delete=?time"] : []) + ["-cf", bench.root + "/a.tar", "-C", bench.root + "/in"] + usable.map(\.name))
        let bytes = try #require(AgentBench.bytes(bench.root + "/a.tar"))
        for pieces in [1, 511, 10_000] { #expect(try read(bytes, pieces: pieces) == Dictionary(uniqueKeysWithValues: usable.map { ($0.name, $0.bytes) })) }
    }

    @Test("links, folders, cut archives, wrong checksums and bytes after the end are refused")
    func refused() throws {
        let bench = try AgentBench()
        try AgentBench.makeFolder(bench.root + "/in")
        try FileManager.default.createSymbolicLink(atPath: bench.root + "/in/link", withDestinationPath: "/etc/passwd")
        try run("tar", ["-cf", bench.root + "/a.tar", "-C", bench.root, "in"])
        let hostile = try #require(AgentBench.bytes(bench.root + "/a.tar"))
        var wrong = archive
        wrong[130] ^= 1
        for bytes in [hostile, Array(archive.dropLast(600)), Array(archive.prefix(700)), wrong, archive + [1]] {
            #expect(throws: TarError.self) { try read(bytes, pieces: 4096) }
        }
    }

    @Test("a file of 8 GiB and more has its size in a pax header")
    func large() throws {
        let size = 9 << 30, header = TarWriter.header(name: "nb-1-big-Index.db", size: size)
        var reader = TarReader(), seen = 0
        try header.withUnsafeBytes { bytes in try reader.feed(bytes) { if case .file(_, let size) = $0 { seen = size } } }
        #expect(seen == size)
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
