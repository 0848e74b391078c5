import Glibc

/// Where a command prints, asks and waits.
package struct Console {
    package typealias Size = (columns: Int, rows: Int)

    package var write: (String) -> Void
    package var writeError: (String) -> Void
    /// A typed line without its end; nil at the end of input.
    package var readLine: () -> String?
    /// Somebody can be asked: input and errors are a terminal's.
    package var isInteractive: Bool
    /// Of the terminal that `write` goes to; nil in a pipe.
    package var terminalSize: () -> Size?
    package var sleep: (_ milliseconds: Int) -> Void
    /// Goes on steadily whatever is done to the clock.
    package var uptimeMilliseconds: () -> Int

    package init(
        write: @escaping (String) -> Void, writeError: @escaping (String) -> Void, readLine: @escaping () -> String?, isInteractive: Bool, terminalSize: @escaping () -> Size?,
        sleep: @escaping (_ milliseconds: Int) -> Void, uptimeMilliseconds: @escaping () -> Int
    ) {
        self.write = write
        self.writeError = writeError
        self.readLine = readLine
        self.isInteractive = isInteractive
        self.terminalSize = terminalSize
        self.sleep = sleep
        self.uptimeMilliseconds = uptimeMilliseconds
    }

    func line(_ text: String = "") { write(text + "\n") }

    /// The question goes to the errors' side, so that what is printed can still be piped.
    func ask(_ question: String) -> String? {
        writeError(question)
        return readLine()
    }
}

extension Console {
    /// This process's own standard input, output and errors.
    package static func process(environment: [String: String]) -> Console {
        let plain = environment["TERM"] == "dumb"
        return Console(
            write: { put($0, to: STDOUT_FILENO) }, writeError: { put($0, to: STDERR_FILENO) }, readLine: { Swift.readLine() },
            isInteractive: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1, terminalSize: { plain ? nil : size(of: STDOUT_FILENO) },
            sleep: { usleep(UInt32($0) * 1000) }, uptimeMilliseconds: uptime)
    }

    private static func put(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 { bytes = bytes.dropFirst(written) } else if errno != EINTR { return }
        }
    }

    private static func size(of descriptor: Int32) -> Size? {
        var size = winsize()
        guard isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return size.ws_col > 0 ? (Int(size.ws_col), Int(size.ws_row)) : (80, 24)
    }

    private static func uptime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
