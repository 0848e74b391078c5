package import BackupModel
import Glibc
package import ScalarAdmin
import Synchronization

/// The instances of an application in memory, held to `ScalarAdminConformance`. Safe from any thread.
///
/// Calls block as those of a real one do; a silent one fails after `silenceSeconds`.
package final class FakeApplication: Sendable {
    package struct Call: Hashable, Sendable {
        package let target: PauseTarget
        package let name: PauseCall.Name
        /// `ok`, `paused`, `open`, or the error's description; nil while it waits.
        package fileprivate(set) var outcome: String?
    }

    fileprivate struct State {
        var instances: [PauseTarget: FakeInstanceState] = [:]
        var calls: [Call] = []
    }

    package let targets: [PauseTarget]
    fileprivate let state: Mutex<State>
    fileprivate let silenceSeconds: Int

    /// - Parameter targets: As text, `10.0.0.1:60053`.
    package init(_ targets: [String] = ["10.1.0.1:60053", "10.1.0.2:60053", "10.1.0.3:60053"], silenceSeconds: Int = 1) {
        self.targets = targets.compactMap { try? PauseTarget($0) }
        precondition(self.targets.count == targets.count, "not a target")
        self.silenceSeconds = silenceSeconds
        state = Mutex(State(instances: Dictionary(uniqueKeysWithValues: self.targets.map { ($0, FakeInstanceState()) })))
    }

    /// Every call that came to an instance, in the order in which they began.
    package var calls: [Call] { state.withLock { $0.calls } }
    package func calls(_ name: PauseCall.Name, of target: PauseTarget) -> [Call] { calls.filter { $0.name == name && $0.target == target } }

    package func isOpen(_ target: PauseTarget) -> Bool {
        state.withLock { state in
            state.instances[target]?.passTime()
            return state.instances[target]?.isOpen ?? true
        }
    }
    /// Instances that refuse work now.
    package var paused: [PauseTarget] { targets.filter { !isOpen($0) } }

    /// A link to a target that is none of the application's is one to nobody.
    package func link(_ target: PauseTarget) -> any ScalarAdminLink { FakeAdminLink(self, target) }
    package func instance(_ target: PauseTarget) -> any ScalarAdminInstance { FakeInstance(application: self, target: target) }

    package func tell(_ target: PauseTarget, _ behaviour: InstanceBehaviour) {
        state.withLock { $0.instances[target]?.obey(behaviour) }
    }

    /// Something is under way in the instance until `leave`.
    package func enter(_ target: PauseTarget) { state.withLock { $0.instances[target]?.outstanding += 1 } }
    package func leave(_ target: PauseTarget) { state.withLock { $0.instances[target]?.outstanding -= 1 } }
}

private struct FakeInstance: ScalarAdminInstance {
    let application: FakeApplication
    let target: PauseTarget
    func link() -> any ScalarAdminLink { application.link(target) }
    func tell(_ behaviour: InstanceBehaviour) { application.tell(target, behaviour) }
    var isOpen: Bool { application.isOpen(target) }
}

private struct FakeInstanceState {
    var isOpen = true
    var isUp = true
    /// Counts lives: a link that was made in an earlier one has lost its connection.
    var life = 0
    var outstanding = 0
    var script = Script()

    struct Script {
        var drainSeconds = 0.0
        var drainFails = false
        var silent: Set<PauseCall.Name> = []
        var delays: [PauseCall.Name: Double] = [:]
        var failures: [PauseCall.Name: [GRPCStatus]] = [:]
        var diesBefore = false
        var diesAfter = false
        var reopensAfter: Double?
        var reopensAt: Double?
        var ignoredUnpauses = 0
        var knowsCheck = true
    }

    mutating func obey(_ behaviour: InstanceBehaviour) {
        switch behaviour {
        case .normal: script = Script()
        case .slowDrain(let seconds): script.drainSeconds = seconds
        case .failingDrain: script.drainFails = true
        case .silent(let names): script.silent = Set(names)
        case .delay(let name, let seconds): script.delays[name] = seconds
        case .fail(let name, let status, let times): script.failures[name] = Array(repeating: status, count: times)
        case .dieBeforePause: script.diesBefore = true
        case .dieAfterPause: script.diesAfter = true
        case .reopen(let milliseconds): script.reopensAfter = Double(milliseconds) / 1000
        case .ignoreUnpause(let times): script.ignoredUnpauses = times
        case .withoutCheck: script.knowsCheck = false
        case .stop: die()
        case .start: if !isUp { begin() }
        case .restart:
            die()
            begin()
        }
    }

    mutating func die() {
        isUp = false
        life += 1
        script.diesBefore = false
        script.diesAfter = false
    }

    private mutating func begin() {
        isUp = true
        isOpen = true
        outstanding = 0
        script.reopensAt = nil
    }

    /// An instance opens by itself when somebody looks after that time.
    mutating func passTime() {
        guard let at = script.reopensAt, monotonicSeconds() >= at else { return }
        isOpen = true
        script.reopensAt = nil
    }
}

private final class FakeAdminLink: ScalarAdminLink {
    let target: PauseTarget
    private let application: FakeApplication
    private let connected = Mutex<(life: Int?, made: Int)>((nil, 0))

    init(_ application: FakeApplication, _ target: PauseTarget) {
        self.application = application
        self.target = target
    }

    var connectionsMade: Int { connected.withLock { $0.made } }

    func pause(waitSeconds: Int) throws(ScalarAdminError) {
        try call(.pause, outcome: { "ok" }) { () throws(ScalarAdminError) in try drain(waitSeconds) }
    }

    private func drain(_ waitSeconds: Int) throws(ScalarAdminError) {
        let (life, drained) = try change { instance throws(ScalarAdminError) in
            if instance.script.diesBefore {
                instance.die()
                throw .cutShort("the instance died")
            }
            instance.isOpen = false
            return (instance.life, monotonicSeconds() + instance.script.drainSeconds)
        }
        let limit = monotonicSeconds() + Double(waitSeconds)
        while true {
            let isDone = try change { instance throws(ScalarAdminError) in
                guard instance.life == life else { throw .cutShort("the instance died") }
                if instance.script.drainFails || monotonicSeconds() >= limit {
                    instance.isOpen = true
                    throw .status(.failedPrecondition, message: "failed to finish processing outstanding requests within the time limit.")
                }
                guard instance.outstanding == 0, monotonicSeconds() >= drained else { return false }
                instance.script.reopensAt = instance.script.reopensAfter.map { monotonicSeconds() + $0 }
                if instance.script.diesAfter { instance.die() }
                return true
            }
            if isDone { return }
            usleep(1000)
        }
    }

    func unpause() throws(ScalarAdminError) {
        try call(.unpause, outcome: { "ok" }) { () throws(ScalarAdminError) in
            try change { instance throws(ScalarAdminError) in
                if instance.script.ignoredUnpauses > 0 {
                    instance.script.ignoredUnpauses -= 1
                } else {
                    instance.isOpen = true
                }
            }
        }
    }

    func isPaused() throws(ScalarAdminError) -> Bool {
        try call(.checkPaused, outcome: { $0 ? "paused" : "open" }) { () throws(ScalarAdminError) in
            try change { instance throws(ScalarAdminError) in
                guard instance.script.knowsCheck else { throw .status(.unimplemented, message: "Method not found") }
                return !instance.isOpen
            }
        }
    }

    /// Connects where there is no connection, plays the script's part that all calls have, and writes the call down.
    private func call<Value: Sendable>(
        _ name: PauseCall.Name, outcome: (Value) -> String, _ body: () throws(ScalarAdminError) -> Value
    ) throws(ScalarAdminError) -> Value {
        let number = application.state.withLock { state in
            state.calls.append(FakeApplication.Call(target: target, name: name))
            return state.calls.count - 1
        }
        func note(_ text: String) { application.state.withLock { $0.calls[number].outcome = text } }
        do throws(ScalarAdminError) {
            try connect()
            try waitForScript(name)
            let value = try body()
            try answerLate(name)
            note(outcome(value))
            return value
        } catch {
            note(error.description)
            throw error
        }
    }

    private func answerLate(_ name: PauseCall.Name) throws(ScalarAdminError) {
        guard let seconds = try change({ instance throws(ScalarAdminError) in instance.script.delays[name] }) else { return }
        let limit = name == .pause ? 35 : application.silenceSeconds
        usleep(UInt32(min(seconds, Double(limit)) * 1e6))
        if seconds > Double(limit) { throw .deadline(seconds: limit) }
    }

    private func connect() throws(ScalarAdminError) {
        let life = application.state.withLock { state in state.instances[target].flatMap { $0.isUp ? $0.life : nil } }
        guard let life else { throw .unreachable("connection refused") }
        connected.withLock { connected in
            if connected.life != life { connected = (life, connected.made + 1) }
        }
    }

    private func waitForScript(_ name: PauseCall.Name) throws(ScalarAdminError) {
        let limit = monotonicSeconds() + Double(application.silenceSeconds), life = try change { instance throws(ScalarAdminError) in instance.life }
        let isSilent = try change { instance throws(ScalarAdminError) in
            if let status = instance.script.failures[name]?.popLast() { throw .status(status, message: "scripted") }
            return instance.script.silent.contains(name)
        }
        guard isSilent else { return }
        while monotonicSeconds() < limit {
            if application.state.withLock({ $0.instances[target]?.life }) != life { throw .cutShort("the instance died") }
            usleep(2000)
        }
        throw .deadline(seconds: application.silenceSeconds)
    }

    private func change<Value: Sendable>(_ body: (inout FakeInstanceState) throws(ScalarAdminError) -> Value) throws(ScalarAdminError) -> Value {
        let result = application.state.withLock { state -> Result<Value, ScalarAdminError> in
            guard var instance = state.instances[target] else { return .failure(.unreachable("nobody is there")) }
            defer { state.instances[target] = instance }
            instance.passTime()
            do throws(ScalarAdminError) { return .success(try body(&instance)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

private func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
