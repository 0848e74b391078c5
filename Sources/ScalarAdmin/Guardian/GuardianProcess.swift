package import BackupModel
import Glibc
import Threads

/// A guardian as a process of its own, `aeneasd guard`: it outlives its master, and acts when the master is gone (end of input) or silent.
package struct GuardianProcess: Sendable {
    /// Without a line of the master for so long it counts as gone.
    package var silenceSeconds = 3.0
    package var timing = PauseGuardian.Timing()
    /// TERM, INT and HUP become the order to stop, for this whole process; a test has none of that.
    package var takesSignals = true
    package var open: (@Sendable (PauseTarget) -> any ScalarAdminLink)?

    package init() {}

    package static func run(input: Int32 = 0, output: Int32 = 1) -> Int32 { GuardianProcess().run(input: input, output: output) }

    /// Blocks until nothing is left to guard.
    ///
    /// - Returns: The exit status: 0, or 1 when it was never told what to guard.
    package func run(input: Int32, output: Int32) -> Int32 {
        ignoreBrokenPipes()
        let signals = takesSignals ? blockSignals() : nil
        var lines = LineReader(input)
        guard case .line(let first) = lines.next(until: monotonicSeconds() + 10), let work = try? JSONText.decode(GuardWork.self, from: first.utf8) else {
            _ = writeLine("aeneas guard: no work came: it is started by aeneasd, and by nobody else", to: 2)
            return 1
        }
        let tell: @Sendable (GuardMessage) -> Void = { message in
            if !writeLine(message.line, to: output), case .note(let note) = message { _ = writeLine("aeneas guard: \(note.text)", to: 2) }
        }
        let guardian = PauseGuardian(work, open: open, timing: timing) { tell(.note($0)) }
        if let signals { orderStop(guardian, on: signals) }
        tell(.ready(guardian.reach().map { ReachedTarget($0.target, $0.answer) }))
        listen(lines, for: guardian)
        tell(.result(guardian.run()))
        return 0
    }

    /// On a thread that ends with the input, or with the process.
    private func listen(_ lines: LineReader, for guardian: PauseGuardian) {
        Thread.detach { [silenceSeconds] in
            var lines = lines, isSilent = false
            while true {
                // A master that was stopped for a while may still say that all is open.
                switch lines.next(until: isSilent ? nil : monotonicSeconds() + silenceSeconds) {
                case .line("released"): guardian.order(.released)
                case .line: break
                case .silence:
                    isSilent = true
                    guardian.order(.masterSilent)
                case .end: return guardian.order(.masterSilent)
                }
            }
        }
    }

    /// In this thread and all that it makes from here on.
    private func blockSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        return signals
    }

    private func orderStop(_ guardian: PauseGuardian, on signals: sigset_t) {
        Thread.detach {
            var signals = signals, number: Int32 = 0
            while sigwait(&signals, &number) == 0 { guardian.order(.stopped) }
        }
    }
}
