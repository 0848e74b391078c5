package import BackupModel
import Synchronization
import Threads

package struct UnpauseOutcome: Hashable, Sendable {
    package let target: PauseTarget
    /// Proven: CheckPaused says false; of an instance that does not know CheckPaused, Unpause was answered OK.
    package let isOpen: Bool
    /// Times that Unpause was sent.
    package let attempts: Int
    package let lastError: ScalarAdminError?
    /// Whether CheckPaused, and not Unpause alone, proves it.
    package let isVerified: Bool
}

/// Opens instances until each is proven open.
///
/// Unpause may always be sent: it does nothing to an instance that is open, and knows no owner.
package struct Unpausing: Sendable {
    private let access: PauseAccess
    private let open: @Sendable (PauseTarget) -> any ScalarAdminLink
    private let firstPause: Duration
    private let longestPause: Duration
    private let watching: Duration

    /// - Parameters:
    ///   - open: Asked once for each target and run; what it gives is used on another thread.
    ///   - firstPause: Between two attempts; doubled from attempt to attempt up to `longestPause`.
    ///   - watching: For so long after its proof an instance is asked again, and opened again when need be: a Pause whose caller is gone may still lie in its
    ///     queue and be carried out after the Unpause.
    package init(
        access: PauseAccess, open: @escaping @Sendable (PauseTarget) -> any ScalarAdminLink, firstPause: Duration = .milliseconds(100),
        longestPause: Duration = .seconds(5), watching: Duration = .zero
    ) {
        self.access = access
        self.open = open
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.watching = watching
    }

    /// All targets at once, each on a thread of its own. Returns when all are proven open, or soon after `isStopped` says so; a call under way is waited for.
    ///
    /// - Parameters:
    ///   - looksFirst: What CheckPaused calls open is not sent Unpause.
    ///   - onCall: Told of every call, on that target's thread.
    ///   - onOpen: Told once of each target as soon as it is proven open, before it is watched.
    package func run(
        looksFirst: Bool = false, isStopped: @escaping @Sendable () -> Bool = { false }, onCall: @escaping @Sendable (ScalarAdminCall) -> Void = { _ in },
        onOpen: @escaping @Sendable (PauseTarget) -> Void = { _ in }
    ) -> [UnpauseOutcome] {
        onThreads(access.targets) { target in
            var unpausing = TargetUnpausing(
                link: open(target), firstPause: firstPause.seconds, longestPause: longestPause.seconds, watching: watching.seconds, isStopped: isStopped,
                onCall: onCall)
            return unpausing.run(looksFirst: looksFirst) { onOpen(target) }
        }
    }
}

/// Runs `body` for each on a thread of its own, and waits for all. In the order of `items`.
func onThreads<Item: Sendable, Value: Sendable>(_ items: [Item], _ body: @escaping @Sendable (Item) -> Value) -> [Value] {
    let results = Results<Value>(count: items.count)
    let threads = items.enumerated().map { at, item in Thread { results.put(at, body(item)) } }
    threads.forEach { $0.join() }
    return results.all
}

private final class Results<Value: Sendable>: Sendable {
    private let values: Mutex<[Value?]>
    init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }
    func put(_ at: Int, _ value: Value) { values.withLock { $0[at] = value } }
    var all: [Value] { values.withLock { $0.compactMap(\.self) } }
}
