import Foundation

/// A folder that goes with the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func files(_ below: String) throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(below)")
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try String(contentsOfFile: "\(path)/\(below)/\($0)", encoding: .utf8)) })
    }

    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        return "\(path)/\(name)"
    }
}
