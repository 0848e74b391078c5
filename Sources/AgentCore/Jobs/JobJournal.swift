import BackupModel
import Glibc
import Synchronization

/// A job's `events.jsonl` as its own process writes it: one event a line, numbered by line from 1. Whoever holds the job's lock writes.
final class JobJournal: Sendable {
    private let file: OpenFile
    private let ended = Mutex(false)

    /// Cuts off what a killed process left of a line.
    init(_ path: String) throws {
        file = try OpenFile(path, O_RDWR | O_CREAT | O_APPEND)
        var reader = LineReader()
        try file.forEachChunk { chunk in
            reader.feed(chunk)
            while reader.next() != nil {}
        }
        guard reader.rest == 0 || ftruncate(file.descriptor, off_t(reader.offset)) == 0 else { throw SystemError("cut", path) }
    }

    /// Nothing follows the end. That is on the disk when this returns.
    func append(_ event: JobEvent) throws(SystemError) {
        // One write a line: the lock keeps two threads' lines apart, O_APPEND their places.
        let line = JSONText.encode(event) + [UInt8(ascii: "\n")]
        let failure = ended.withLock { ended -> SystemError? in
            guard !ended else { return nil }
            do throws(SystemError) {
                try file.write(line)
                if case .ended = event {
                    ended = true
                    try file.sync()
                }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }
}

/// Reads a journal as it grows.
struct JournalReader {
    private let file: OpenFile?
    private var lines = LineReader()
    private(set) var number = 0

    /// One that does not exist yet is empty.
    init(_ path: String) throws(SystemError) {
        do {
            file = try OpenFile.reading(path)
        } catch where error.code == ENOENT {
            file = nil
        }
    }

    var exists: Bool { file != nil }

    /// Events since the last call, with their numbers.
    mutating func next() throws -> [(number: Int, event: JobEvent)] {
        guard let file else { return [] }
        var events: [(Int, JobEvent)] = []
        try file.forEachChunk { chunk in
            lines.feed(chunk)
            while let line = lines.next() {
                number += 1
                events.append((number, try JSONText.decode(JobEvent.self, from: line)))
            }
        }
        return events
    }

    /// How the job of a journal ended; nil when it has not.
    static func outcome(_ path: String) throws -> JobOutcome? {
        var reader = try JournalReader(path)
        guard case .ended(let outcome) = try reader.next().last?.event else { return nil }
        return outcome
    }
}
