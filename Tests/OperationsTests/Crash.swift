import BackupModel
import Catalog
import Foundation
import NodeDispatch
import ObjectStore
import Synchronization
import TestSupport

/// The moment at which a master is killed: its `number`th call to a node or the store, from 1.
struct CrashPoint: Sendable, CustomStringConvertible {
    enum Side: String, Sendable, CaseIterable {
        /// The call was not made.
        case before
        /// The call had its effect; its answer was lost.
        case after
    }

    var number: Int
    var side: Side
    var description: String { "\(side.rawValue) call \(number)" }
}

/// Kills one master: from the moment on none of its calls gets through or comes back, and its catalogue is a copy as of then.
final class Crash: Sendable {
    private enum Phase { case alive, dying, dead }
    private struct State {
        var calls = 0
        var phase = Phase.alive
        var last = ""
    }

    struct Killed: Error {}

    private let point: CrashPoint
    private let catalog: Catalog
    let copy: String
    private let state = Mutex(State())

    init(_ point: CrashPoint, catalog: Catalog, copy: String) {
        self.point = point
        self.catalog = catalog
        self.copy = copy
    }

    var happened: Bool { state.withLock { $0.phase == .dead } }
    /// The call at which it happened.
    var place: String { state.withLock { $0.last } }

    func around<Value>(_ call: String, _ body: () async throws -> Value) async throws -> Value {
        var turn = try enter(call)
        // Never a blocked thread here: they are few, and the killing needs one.
        while turn == .wait {
            try await Task.sleep(for: .milliseconds(1))
            turn = try enter(call)
        }
        if turn == .go { return try await body() }
        // The effect counts, whether it is a failure or not.
        if point.side == .after { _ = try? await body() }
        try await die()
        throw Killed()
    }

    /// For calls that block a thread of the master's pool.
    func aroundBlocking<Value>(_ call: String, _ body: () throws -> Value) throws -> Value {
        var turn = try enter(call)
        while turn == .wait {
            usleep(500)
            turn = try enter(call)
        }
        if turn == .go { return try body() }
        if point.side == .after { _ = try? body() }
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            try? await self.die()
            done.signal()
        }
        done.wait()
        throw Killed()
    }

    private enum Turn { case go, now, wait }

    private func enter(_ call: String) throws -> Turn {
        try state.withLock { state in
            switch state.phase {
            case .dead: throw Killed()
            case .dying: return .wait
            case .alive:
                state.calls += 1
                guard state.calls == point.number else { return .go }
                (state.last, state.phase) = (call, .dying)
                return .now
            }
        }
    }

    private func die() async throws {
        try await catalog.copy(to: copy)
        state.withLock { $0.phase = .dead }
        throw Killed()
    }
}

struct CrashingDispatch: NodeDispatch {
    let inner: FakeCluster
    let crash: Crash

    func connect(to node: NodeTarget) async throws -> any AgentConnection {
        CrashingConnection(inner: try await crash.around("connect \(node.address)") { try await inner.connect(to: node) }, crash: crash)
    }
    func hostKey(of address: HostAddress, port: Int) async throws -> HostKey { try await inner.hostKey(of: address, port: port) }
    func trust(in key: HostKey) throws -> HostTrust { try inner.trust(in: key) }
    func pin(_ key: HostKey) throws { try inner.pin(key) }
}

struct CrashingConnection: AgentConnection {
    let inner: any AgentConnection
    let crash: Crash
    var hello: AgentHello { inner.hello }
    func close() async { await inner.close() }

    func send(_ request: AgentRequest) async -> AsyncThrowingStream<AgentEvent, any Error> {
        let (stream, answer) = AsyncThrowingStream<AgentEvent, any Error>.makeStream()
        let task = Task {
            do {
                // What is followed tells as it goes: some of it is a sign that others wait for.
                let isFollowing = if case .followJob = request { true } else { false }
                let events = try await crash.around("\(request)".prefix(40).description) {
                    var events: [AgentEvent] = []
                    for try await event in await inner.send(request) {
                        if isFollowing { answer.yield(event) } else { events.append(event) }
                    }
                    return events
                }
                for event in events { answer.yield(event) }
                answer.finish()
            } catch {
                answer.finish(throwing: error)
            }
        }
        answer.onTermination = { if case .cancelled = $0 { task.cancel() } }
        return stream
    }
}

struct CrashingStore: ObjectStore {
    let inner: any ObjectStore
    let crash: Crash
    var place: String { inner.place }
    var requests: Int { inner.requests }

    private func around<Value>(_ call: String, _ body: () throws -> Value) throws(StoreError) -> Value {
        do { return try crash.aroundBlocking(call, body) } catch let error as StoreError { throw error } catch { throw .unavailable(call, place: place, detail: "killed") }
    }

    func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool { try around("create \(key)") { try inner.create(key, bytes) } }
    func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, body: ObjectBody) throws(StoreError) { try inner.upload(key, size: size, transfer: transfer, body: body) }
    func download(_ key: ObjectKey, transfer: TransferControl, sink: (UnsafeRawBufferPointer) throws -> Void) throws(StoreError) {
        try around("download \(key)") { try inner.download(key, transfer: transfer, sink: sink) }
    }
    func size(of key: ObjectKey) throws(StoreError) -> Int? { try inner.size(of: key) }
    func list(prefix: String, page: ([ListedObject]) throws -> Void, foreign: (String) -> Void) throws(StoreError) { try inner.list(prefix: prefix, page: page, foreign: foreign) }
    func delete(_ keys: [ObjectKey]) throws(StoreError) { try inner.delete(keys) }
    func probe() throws(StoreError) -> StoreTraits { try inner.probe() }
}
