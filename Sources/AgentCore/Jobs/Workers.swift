import BackupModel
import Synchronization
import Threads

/// Several threads over one list of work.
struct Workers: Sendable {
    let width: Int
    let stop: StopSignal

    /// Given to each item: says when to give up, because of the job's own stop or because another item failed.
    struct Watch: Sendable {
        fileprivate let stop: StopSignal
        fileprivate let failed: StopSignal
        var isStopped: Bool { stop.isSet || failed.isSet }
        func check() throws(Failure) {
            try stop.check()
            try failed.check()
        }
    }

    /// Does `body` for each item, begun in the order given.
    ///
    /// - Throws: The first item's failure; no other is begun after it. When the job itself is stopped, the reason for that.
    func each(_ items: [Int], _ body: @escaping @Sendable (Int, Watch) throws -> Void) throws {
        let failed = StopSignal()
        let work = Work(items: items, watch: Watch(stop: stop, failed: failed), body: body)
        let threads = (0..<max(1, min(width, items.count))).map { _ in Thread { work.run() } }
        for thread in threads { thread.join() }
        try stop.check()
        try failed.check()
    }

    private final class Work: Sendable {
        private let items: [Int]
        private let watch: Watch
        private let body: @Sendable (Int, Watch) throws -> Void
        private let next = Atomic(0)

        init(items: [Int], watch: Watch, body: @escaping @Sendable (Int, Watch) throws -> Void) {
            self.items = items
            self.watch = watch
            self.body = body
        }

        func run() {
            while !watch.isStopped {
                let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard place < items.count else { return }
                do {
                    try body(items[place], watch)
                } catch {
                    watch.failed.stop(Failure(error))
                }
            }
        }
    }
}
