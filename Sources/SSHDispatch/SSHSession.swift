import CLibssh
import Glibc

enum SSHSessionError: Error {
    case lost(String)
    case timedOut
    /// The server does not run the command at all.
    case refused(String)
}

/// One login, with at most one remote command at a time.
actor SSHSession {
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private nonisolated let loop: SSHLoop
    private let settings: SSHSettings
    private var session: ssh_session?
    private var event: ssh_event?
    private let descriptor: Int32
    private var channel: ExecChannel?
    private let counter = ByteCounter()

    private var lost: String?
    private var closing = false
    private var bytesSeen: UInt64 = 0
    private var heardAt = ContinuousClock.now
    private var askedAt = ContinuousClock.now

    /// Chunks for the command's standard input, the first from `written` on.
    private var outbox: [[UInt8]] = []
    private var written = 0
    private var endsInput = false
    private var wroteAt = ContinuousClock.now

    private var readers: [CheckedContinuation<Void, Never>] = []
    private var wakeReadersAt: ContinuousClock.Instant?
    private var steppers: [CheckedContinuation<Void, Never>] = []

    private init(_ login: LoggedInSession, loop: SSHLoop, settings: SSHSettings) {
        self.loop = loop
        self.settings = settings
        descriptor = ssh_get_fd(login.handle)
        session = login.take()
    }

    /// The loop keeps the session until it is closed or lost.
    static func adopt(_ login: LoggedInSession, loop: SSHLoop, settings: SSHSettings) async -> SSHSession {
        let session = SSHSession(login, loop: loop, settings: settings)
        await session.attach()
        return session
    }

    private func attach() {
        guard let session else { return }
        ssh_set_blocking(session, 0)
        ssh_set_counters(session, counter.pointer, nil)
        guard let event = ssh_event_new() else { return lose("out of memory") }
        self.event = event
        ssh_event_add_session(event, session)
        loop.add(descriptor) { [self] now, cause in assumeIsolated { $0.turn(now, cause) } }
    }

    // MARK: A command

    /// Runs `command`, in place of the one before.
    func start(_ command: String, by deadline: ContinuousClock.Instant) async throws(SSHSessionError) {
        dropChannel()
        guard let session, lost == nil, let handle = ssh_channel_new(session) else { throw .lost(lost ?? "closed") }
        channel = ExecChannel(handle)
        try await step("the server opens no channel", by: deadline) { ssh_channel_open_session($0) }
        try await step("the server does not run the command", by: deadline) { ssh_channel_request_exec($0, command) }
    }

    func enqueue(_ bytes: [UInt8]) {
        guard lost == nil, !bytes.isEmpty else { return }
        outbox.append(bytes)
        wroteAt = .now
        loop.askTurn(descriptor)
    }

    /// Closes the command's standard input after all that was enqueued.
    func endInput() {
        endsInput = true
        loop.askTurn(descriptor)
    }

    /// What the command has written; nil once it has ended and everything was read.
    ///
    /// - Parameter within: How long nothing may come and nothing be taken by the far end.
    func read(within patience: Duration) async throws(SSHSessionError) -> [UInt8]? {
        let begun = ContinuousClock.now
        while true {
            guard let channel else { throw .lost(lost ?? "closed") }
            let bytes = channel.take()
            if !bytes.isEmpty {
                loop.askTurn(descriptor)
                return bytes
            }
            if channel.closed { return nil }
            if let lost { throw .lost(lost) }
            let deadline = max(begun, wroteAt) + patience
            if ContinuousClock.now >= deadline { throw .timedOut }
            wakeReadersAt = min(wakeReadersAt ?? deadline, deadline)
            await withCheckedContinuation { readers.append($0) }
        }
    }

    var commandEnd: CommandEnd { channel?.end ?? CommandEnd(errorText: "") }

    /// Repeats a call of libssh until it no longer says "again", a turn of the loop between tries: the session may be closed meanwhile.
    private func step(_ what: String, by deadline: ContinuousClock.Instant, _ call: (ssh_channel) -> Int32) async throws(SSHSessionError) {
        while true {
            guard lost == nil, let handle = channel?.handle else { throw .lost(lost ?? "closed") }
            let code = call(handle)
            loop.askTurn(descriptor)
            if code == SSH_OK { return }
            guard code == SSH_AGAIN else { throw lost.map { .lost($0) } ?? .refused("\(what): \(errorText)") }
            if ContinuousClock.now >= deadline { throw .timedOut }
            await withCheckedContinuation { steppers.append($0) }
        }
    }

    private func dropChannel() {
        if let handle = channel?.handle, lost == nil { ssh_channel_close(handle) }
        channel?.free()
        channel = nil
        outbox = []
        written = 0
        endsInput = false
    }

    // MARK: The loop's turn

    private func turn(_ now: ContinuousClock.Instant, _ cause: SSHLoop.Cause) -> SSHLoop.Wish? {
        if cause == .ready { takeIn() }
        let heard = listen(now)
        watch(now)
        let wrote = write(now)
        wake(now, steppersToo: heard || cause != .asked)
        guard let session else { return nil }
        let flags = ssh_get_poll_flags(session)
        return SSHLoop.Wish(reads: flags & SSH_READ_PENDING != 0, writes: flags & SSH_WRITE_PENDING != 0, again: wrote)
    }

    /// Lets libssh read; it takes a few KiB at a time, so more than once, but not for ever: others wait.
    private func takeIn() {
        guard let event else { return }
        for _ in 0..<32 {
            let before = counter.pointer.pointee.in_bytes
            ssh_event_dopoll(event, 0)
            if counter.pointer.pointee.in_bytes == before { return }
        }
    }

    private func listen(_ now: ContinuousClock.Instant) -> Bool {
        guard counter.pointer.pointee.in_bytes != bytesSeen else { return false }
        bytesSeen = counter.pointer.pointee.in_bytes
        heardAt = now
        return true
    }

    /// Notices a connection that is gone, and asks for a sign of life when none has come for a while.
    private func watch(_ now: ContinuousClock.Instant) {
        guard let session, lost == nil else { return }
        if ssh_is_connected(session) == 0 || ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR) != 0 {
            return lose(errorText.isEmpty ? "closed by the other side" : errorText)
        }
        if now - heardAt >= settings.keepAliveInterval * settings.keepAliveTries { return lose("nothing heard for \(now - heardAt)") }
        guard now - max(heardAt, askedAt) >= settings.keepAliveInterval else { return }
        askedAt = now
        // libssh's call either sends a question or takes in the answer to the one before: twice sends for certain, unless one is still open.
        ssh_send_keepalive(session)
        ssh_send_keepalive(session)
    }

    /// Sends as much as the channel's window takes, a quarter of a MiB a turn, so that other sessions come to their right.
    private func write(_ now: ContinuousClock.Instant) -> Bool {
        guard lost == nil, let channel, let handle = channel.handle, !channel.closed else { return false }
        var budget = 256 << 10
        var wrote = false
        while let chunk = outbox.first, budget > 0 {
            let room = min(Int(ssh_channel_window_size(handle)), budget, chunk.count - written)
            guard room > 0 else { break }
            let count = channel.write(chunk, from: written, count: room)
            guard count > 0 else { break }
            wrote = true
            wroteAt = now
            written += count
            budget -= count
            if written == chunk.count {
                outbox.removeFirst()
                written = 0
            }
        }
        if outbox.isEmpty, endsInput {
            endsInput = false
            ssh_channel_send_eof(handle)
            wrote = true
        }
        return wrote
    }

    private func wake(_ now: ContinuousClock.Instant, steppersToo: Bool) {
        if steppersToo {
            let stepping = steppers
            steppers = []
            for stepper in stepping { stepper.resume() }
        }
        guard lost != nil || channel?.changed == true || wakeReadersAt.map({ $0 <= now }) == true else { return }
        channel?.changed = false
        wakeReadersAt = nil
        let reading = readers
        readers = []
        for reader in reading { reader.resume() }
    }

    // MARK: The end

    /// Idempotent. With `terminating` the command gets a TERM first; in any case its standard input closes.
    func close(terminating: Bool) async {
        guard !closing else { return }
        closing = true
        guard session != nil else { return }
        if let handle = channel?.handle, channel?.closed == false {
            if terminating { ssh_channel_request_send_signal(handle, "TERM") }
            ssh_channel_send_eof(handle)
            ssh_channel_close(handle)
            await flush()
        }
        lose("closed")
    }

    /// Gives what is still buffered a second to leave.
    private func flush() async {
        let deadline = ContinuousClock.now + .seconds(1)
        while let session, lost == nil, ssh_blocking_flush(session, 0) == SSH_AGAIN, ContinuousClock.now < deadline {
            await withCheckedContinuation { steppers.append($0) }
        }
    }

    private func lose(_ reason: String) {
        guard let session else { return }
        self.session = nil
        lost = reason
        loop.remove(descriptor)
        channel?.free()
        if let event {
            ssh_event_remove_session(event, session)
            ssh_event_free(event)
        }
        event = nil
        ssh_disconnect(session)
        ssh_free(session)
        outbox = []
        wake(.now, steppersToo: true)
    }

    private var errorText: String {
        guard let session, let text = ssh_get_error(UnsafeMutableRawPointer(session)) else { return "" }
        return String(cString: text).trimmed
    }
}

/// Where libssh counts the bytes of a session's socket.
private final class ByteCounter {
    let pointer = UnsafeMutablePointer<ssh_counter_struct>.allocate(capacity: 1)
    init() { pointer.initialize(to: ssh_counter_struct()) }
    deinit { pointer.deallocate() }
}
