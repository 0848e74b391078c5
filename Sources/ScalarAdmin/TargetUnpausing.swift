import BackupModel

/// One target's part of `Unpausing`, on its thread.
struct TargetUnpausing {
    let link: any ScalarAdminLink
    let firstPause: Double
    let longestPause: Double
    let watching: Double
    let isStopped: () -> Bool
    let onCall: (ScalarAdminCall) -> Void

    private var attempts = 0
    private var lastError: ScalarAdminError?
    private var isVerified = false
    private var lastLook: ScalarAdminError?

    init(
        link: any ScalarAdminLink, firstPause: Double, longestPause: Double, watching: Double, isStopped: @escaping () -> Bool,
        onCall: @escaping (ScalarAdminCall) -> Void
    ) {
        self.link = link
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.watching = watching
        self.isStopped = isStopped
        self.onCall = onCall
    }

    /// - Parameter looksFirst: What CheckPaused calls open is not sent Unpause.
    mutating func run(looksFirst: Bool, onOpen: () -> Void) -> UnpauseOutcome {
        guard looksFirst && look() == true || openUntilProven() else { return outcome(isOpen: false) }
        onOpen()
        let isOpen = watch()
        return outcome(isOpen: isOpen)
    }

    private func outcome(isOpen: Bool) -> UnpauseOutcome {
        UnpauseOutcome(target: link.target, isOpen: isOpen, attempts: attempts, lastError: lastError, isVerified: isOpen && isVerified)
    }

    private mutating func openUntilProven() -> Bool {
        var pause = firstPause
        while !isStopped() {
            if openOnce() { return true }
            sleep(pause, unless: isStopped)
            pause = min(pause * 2, longestPause)
        }
        return false
    }

    /// - Returns: Whether it is proven open.
    private mutating func openOnce() -> Bool {
        attempts += 1
        do throws(ScalarAdminError) {
            try timed(.unpause, { _ in "ok" }) { link throws(ScalarAdminError) in try link.unpause() }
        } catch {
            lastError = error
            return false
        }
        return look() ?? (lastLook?.isUnimplemented == true)
    }

    /// nil: it does not answer, or cannot say.
    private mutating func look() -> Bool? {
        do throws(ScalarAdminError) {
            let isPaused = try timed(.checkPaused, { $0 ? "paused" : "open" }) { link throws(ScalarAdminError) in try link.isPaused() }
            isVerified = true
            lastLook = nil
            return !isPaused
        } catch {
            lastLook = error
            if !error.isUnimplemented { lastError = error }
            return nil
        }
    }

    /// Asks again, at first often; an instance that cannot say is sent Unpause again instead.
    private mutating func watch() -> Bool {
        let end = monotonicSeconds() + watching
        var pause = 0.1
        while monotonicSeconds() < end, !isStopped() {
            sleep(min(pause, max(end - monotonicSeconds(), 0)), unless: isStopped)
            if isStopped() { break }
            guard isStillOpen() || openUntilProven() else { return false }
            pause = min(pause * 2, 2)
        }
        return true
    }

    private mutating func isStillOpen() -> Bool {
        if let isOpen = look() { return isOpen }
        // An instance that has ended meanwhile takes its pause with it.
        if case .unreachable = lastLook { return true }
        return false
    }

    private func timed<Value>(
        _ name: PauseCall.Name, _ say: (Value) -> String, _ body: (any ScalarAdminLink) throws(ScalarAdminError) -> Value
    ) throws(ScalarAdminError) -> Value {
        let sent = ContinuousClock.now
        func tell(_ outcome: String) { onCall(ScalarAdminCall(target: link.target, name: name, sent: sent, answered: .now, outcome: outcome)) }
        do throws(ScalarAdminError) {
            let value = try body(link)
            tell(say(value))
            return value
        } catch {
            tell(error.isUnimplemented ? "unimplemented" : error.description)
            throw error
        }
    }
}
