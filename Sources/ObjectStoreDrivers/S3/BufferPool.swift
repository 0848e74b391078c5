import Synchronization

/// Buffers of one size, as many as were ever used at once.
final class BufferPool: Sendable {
    // Only one borrower at a time has an address, which is what makes it safe to hand between threads.
    private struct Buffer: @unchecked Sendable { let memory: UnsafeMutableRawBufferPointer }

    private let idle = Mutex<[Buffer]>([])
    private let size: Int

    init(size: Int) { self.size = size }

    deinit { idle.withLock { $0.forEach { $0.memory.deallocate() } } }

    func borrow<Result, Failure: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
        let buffer = idle.withLock { $0.popLast() } ?? Buffer(memory: .allocate(byteCount: size, alignment: 4096))
        defer { idle.withLock { $0.append(buffer) } }
        return try body(buffer.memory)
    }
}
