import CLibssh

/// How a remote command ended, as far as the server said.
struct CommandEnd: Sendable {
    var status: Int32?
    var signal: String?
    /// The last 4 KiB of what it wrote to standard error.
    var errorText: String

    var wasNotRun: Bool { signal != nil || status == 126 || status == 127 }

    /// "ended with status 1: cannot …"
    var description: String {
        let how = signal.map { "ended by signal \($0)" } ?? status.map { "ended with status \($0)" } ?? "ended"
        return errorText.isEmpty ? how : "\(how): \(errorText)"
    }
}

/// One remote command: what it wrote and has not been taken yet, and how it ended. Lives on the loop's thread.
///
/// Output is left with libssh while `greatestHeld` bytes wait to be taken; then the channel's window closes, and the far end waits.
final class ExecChannel {
    private static let greatestHeld = 1 << 20
    private static let greatestErrorText = 4096

    private(set) var handle: ssh_channel?
    private var callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>?
    private var output: [UInt8] = []
    private var errorBytes: [UInt8] = []
    private var status: Int32?
    private var signal: String?
    /// Something is left with libssh that its callback will not bring again by itself.
    private var held = false
    private(set) var closed = false
    /// Set by every callback, cleared by whoever looks.
    var changed = false

    init(_ handle: ssh_channel) {
        self.handle = handle
        let callbacks = UnsafeMutablePointer<ssh_channel_callbacks_struct>.allocate(capacity: 1)
        callbacks.initialize(to: ssh_channel_callbacks_struct())
        self.callbacks = callbacks
        // The macro ssh_callbacks_init, which Swift cannot call.
        callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        callbacks.pointee.channel_data_function = { _, _, data, count, isError, me in
            Int32(ExecChannel.of(me).receive(UnsafeRawBufferPointer(start: data, count: Int(count)), isError: isError != 0))
        }
        callbacks.pointee.channel_eof_function = { _, _, me in ExecChannel.of(me).changed = true }
        callbacks.pointee.channel_exit_status_function = { _, _, status, me in
            ExecChannel.of(me).status = status
            ExecChannel.of(me).changed = true
        }
        callbacks.pointee.channel_exit_signal_function = { _, _, signal, _, _, _, me in
            ExecChannel.of(me).signal = signal.map { String(cString: $0) } ?? "?"
            ExecChannel.of(me).changed = true
        }
        callbacks.pointee.channel_close_function = { _, _, me in
            ExecChannel.of(me).closed = true
            ExecChannel.of(me).changed = true
        }
        ssh_set_channel_callbacks(handle, callbacks)
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> ExecChannel { Unmanaged<ExecChannel>.fromOpaque(context!).takeUnretainedValue() }

    private func receive(_ bytes: UnsafeRawBufferPointer, isError: Bool) -> Int {
        changed = true
        if isError {
            errorBytes.append(contentsOf: bytes)
            if errorBytes.count > Self.greatestErrorText { errorBytes.removeFirst(errorBytes.count - Self.greatestErrorText) }
        } else if output.count >= Self.greatestHeld || held {
            held = true
            return 0
        } else {
            output.append(contentsOf: bytes)
        }
        return bytes.count
    }

    /// What has come since the last time; empty: nothing.
    func take() -> [UInt8] {
        let taken = output
        output = []
        if held { drain() }
        return taken
    }

    /// Fetches what was left with libssh, in order before what the callback will bring next.
    private func drain() {
        guard let handle else { return held = false }
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while output.count < Self.greatestHeld {
            let count = ssh_channel_poll(handle, 0) > 0 ? ssh_channel_read_nonblocking(handle, &piece, UInt32(piece.count), 0) : 0
            guard count > 0 else {
                held = false
                return
            }
            output.append(contentsOf: piece[0..<Int(count)])
        }
    }

    /// Gives libssh at most `count` bytes from `start` on.
    ///
    /// - Returns: Bytes taken; below one when there was no room, or no channel any more.
    func write(_ bytes: [UInt8], from start: Int, count: Int) -> Int {
        guard let handle else { return 0 }
        return bytes.withUnsafeBytes { Int(ssh_channel_write(handle, $0.baseAddress! + start, UInt32(count))) }
    }

    var end: CommandEnd {
        CommandEnd(status: status, signal: signal, errorText: String(decoding: errorBytes, as: UTF8.self).trimmed)
    }

    /// Never within one of the callbacks.
    func free() {
        guard let handle, let callbacks else { return }
        self.handle = nil
        self.callbacks = nil
        ssh_remove_channel_callbacks(handle, callbacks)
        ssh_channel_free(handle)
        callbacks.deinitialize(count: 1)
        callbacks.deallocate()
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
