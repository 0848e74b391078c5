import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct ThreadsTests {
    @Test("a pool gives back each call's value or error")
    func values() async throws {
        let pool = BlockingPool(width: 3)
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...200 { group.addTask { try await pool.run { number } } }
            return try await group.reduce(0, +)
        }
        #expect(sum == 20_100)
        await #expect(throws: Refused(number: 7)) { try await pool.run { throw Refused(number: 7) } }
    }

    private struct Refused: Error, Equatable { let number: Int }

    @Test("no more than the pool's width are at work at once, and all of it is used")
    func width() async throws {
        let pool = BlockingPool(width: 3), load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await pool.run {
                        load.enter()
                        // Until three are in at once, nobody leaves: a pool that is narrower would stand still.
                        while load.most < 3 { Thread {}.join() }
                        load.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(load.most == 3)
    }

    @Test("a pool that fell idle works again")
    func idle() async throws {
        let pool = BlockingPool(width: 2)
        for number in 0..<50 { #expect(try await pool.run { number } == number) }
    }

    @Test("a thread has the stack that it asks for, and join waits for its end")
    func thread() {
        let depth = Mutex(0)
        Thread(stackBytes: 64 << 20) { depth.withLock { $0 = deep(30_000) } }.join()
        #expect(depth.withLock { $0 } == 30_000)
    }
}

/// Takes a kilobyte of stack for each level.
@inline(never)
private func deep(_ level: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { bytes in
        bytes[0] = UInt8(truncatingIfNeeded: level)
        return level == 0 ? Int(bytes[0]) : 1 + deep(level - 1)
    }
}

/// How many are in at once, and at most were.
private final class Load: Sendable {
    private let state = Mutex((now: 0, most: 0))
    var most: Int { state.withLock { $0.most } }
    func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    func leave() { state.withLock { $0.now -= 1 } }
}
