import BackupModel

/// Runs `body` for each item, at most `width` at a time, and gives all outcomes in the items' order; one that fails does not stop the others.
func onEach<Item: Sendable, Value: Sendable>(_ items: [Item], width: Int, _ body: @escaping @Sendable (Item) async throws -> Value) async -> [Result<Value, any Error>] {
    await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
        var outcomes = [Result<Value, any Error>?](repeating: nil, count: items.count)
        var next = 0
        func startOne() {
            guard next < items.count else { return }
            let at = next, item = items[at]
            next += 1
            group.addTask {
                do { return (at, .success(try await body(item))) } catch { return (at, .failure(error)) }
            }
        }
        for _ in 0..<max(1, width) { startOne() }
        while let (at, outcome) = await group.next() {
            outcomes[at] = outcome
            startOne()
        }
        return outcomes.map { $0! }
    }
}

/// All values, or one failure that stands for all: the first in order, with how many more there are.
func allValues<Item, Value>(_ items: [Item], _ outcomes: [Result<Value, any Error>], name: (Item) -> String) throws -> [Value] {
    let failures = zip(items, outcomes).compactMap { item, outcome -> Failure? in
        guard case .failure(let error) = outcome else { return nil }
        return Failure(error).on(name(item))
    }
    // Whoever was cancelled because another failed says nothing of the cause.
    guard let first = failures.first(where: { $0.code != "run.cancelled" }) ?? failures.first else { return try outcomes.map { try $0.get() } }
    guard failures.count > 1 else { throw first }
    var told = first
    told.summary += " (and \(failures.count - 1) more of \(items.count) nodes failed)"
    throw told
}

/// As `onEach`, but the first failure cancels the others.
func onEachTogether<Item: Sendable, Value: Sendable>(
    _ items: [Item], width: Int, name: @Sendable (Item) -> String, _ body: @escaping @Sendable (Item) async throws -> Value
) async throws -> [Value] {
    let gate = FailureGate()
    let outcomes = await onEach(items, width: width) { item in
        try await gate.guarded { try await body(item) }
    }
    return try allValues(items, outcomes, name: name)
}

/// Holds the tasks that go on together; once one has failed, it cancels the rest and starts none.
private actor FailureGate {
    private var failed = false
    private var cancels: [Int: @Sendable () -> Void] = [:]
    private var next = 0

    nonisolated func guarded<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await body() }
        let number = await enter { task.cancel() }
        let outcome = await withTaskCancellationHandler { await task.result } onCancel: { task.cancel() }
        await leave(number, failed: { if case .failure = outcome { true } else { false } }())
        return try outcome.get()
    }

    private func enter(_ cancel: @escaping @Sendable () -> Void) -> Int {
        next += 1
        cancels[next] = cancel
        if failed { cancel() }
        return next
    }

    private func leave(_ number: Int, failed: Bool) {
        cancels[number] = nil
        guard failed, !self.failed else { return }
        self.failed = true
        for cancel in cancels.values { cancel() }
    }
}
