import Glibc

/// Writes one line for each message: a time in UTC, a level, a message, fields. A value; copies with more fields share where they write.
///
/// Values that hold line breaks or other control characters are escaped, so that nothing a stranger chose can look like a line of its own.
package struct Log: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        /// `2025-06-01T10:00:00.123Z info backup started cluster=prod nodes=3`
        case text
        /// `{"time":"…","level":"info","message":"…","cluster":"prod","nodes":3}`
        case json
    }

    package typealias Fields = KeyValuePairs<String, any CustomStringConvertible & Sendable>
    typealias Field = (name: String, value: any CustomStringConvertible & Sendable)

    package var level: LogLevel
    package var format: Format
    /// Starts each line with journald's `<n>`.
    package var withPriority: Bool
    private var fields: [Field] = []
    private let sink: LogSink
    private let now: @Sendable () -> Duration

    /// - Parameter now: Time since 1970 in UTC.
    package init(
        level: LogLevel = .info, format: Format = .text, withPriority: Bool = false, sink: LogSink = .standardError,
        now: @escaping @Sendable () -> Duration = Log.wallClock
    ) {
        self.level = level
        self.format = format
        self.withPriority = withPriority
        self.sink = sink
        self.now = now
    }

    package func with(_ fields: Fields) -> Log {
        var copy = self
        copy.fields += fields.map { ($0.key, $0.value) }
        return copy
    }

    package func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) { write(.debug, message, fields) }
    package func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) { write(.info, message, fields) }
    package func notice(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) { write(.notice, message, fields) }
    package func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) { write(.warning, message, fields) }
    package func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) { write(.error, message, fields) }

    private func write(_ level: LogLevel, _ message: () -> String, _ fields: () -> Fields) {
        guard level >= self.level else { return }
        let all = self.fields + fields().map { ($0.key, $0.value) }
        let line = LogLine(time: LogLine.time(now()), level: level, message: message(), fields: all)
        sink.write(Array(((withPriority ? "<\(level.priority)>" : "") + line.text(as: format) + "\n").utf8))
    }

    package static let wallClock: @Sendable () -> Duration = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Whether `JOURNAL_STREAM` names what standard error is connected to, as systemd.exec(5) has it.
    package static func standardErrorIsJournal(environment: [String: String]) -> Bool {
        var info = stat()
        guard let stream = environment["JOURNAL_STREAM"], fstat(2, &info) == 0 else { return false }
        return stream == "\(info.st_dev):\(info.st_ino)"
    }
}
