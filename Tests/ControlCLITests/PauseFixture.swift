import BackupModel
import ControlAPI
import Foundation
import HTTPServer
import Synchronization

let app = ApplicationName(unchecked: "bank")
let pauseID = PauseID(unchecked: "01J9ZK00000000000000000003")

func target(_ number: Int) -> PauseTarget { PauseTarget(host: HostAddress(unchecked: "10.0.1.\(number)"), port: 60053) }

func window(_ doubts: [PauseDoubt] = [], milliseconds: Int = 10_000, nodes: [NodeInWindow] = []) -> PauseWindow {
    let ended = start.advanced(by: milliseconds), allowance = 500
    return PauseWindow(
        pause: pauseID, application: app, targets: [target(1), target(2)], started: start, ended: ended, windowMicroseconds: milliseconds * 1000 + 250, outageMicroseconds: (milliseconds + 23) * 1000,
        safe: milliseconds > 2 * allowance ? TimeSpan(from: start.advanced(by: allowance), to: ended.advanced(by: -allowance)) : nil, calls: [], nodes: nodes, unverified: [], doubts: doubts)
}

func pause(_ state: String, _ window: PauseWindow? = nil) -> PauseBody {
    let calls = [
        PauseCall(target: target(1), name: .pause, sentMicroseconds: 0, tookMicroseconds: 12_345, outcome: "ok"),
        PauseCall(target: target(1), name: .checkPaused, sentMicroseconds: 12_400, tookMicroseconds: 800, outcome: "paused"),
    ]
    return PauseBody(
        id: pauseID, run: runID, application: app, state: state, targets: [target(1), target(2)], intended: start.advanced(by: -40), deadline: start.advanced(by: 71_000),
        windowStarted: state == "intended" ? nil : start, ended: state == "ended" ? start.advanced(by: 10_100) : nil, window: window, calls: calls)
}

func application(_ change: (inout ApplicationSettingsBody) -> Void = { _ in }) -> ApplicationBody {
    var settings = ApplicationSettingsBody()
    settings.targets = [target(1), target(2)]
    settings.services = []
    settings.tls = false
    settings.drainSeconds = 30
    settings.windowSeconds = 30
    settings.callSeconds = 5
    settings.clockAllowanceMilliseconds = 500
    settings.allowUnverified = false
    settings.requireNodeGuardian = false
    change(&settings)
    return ApplicationBody(name: app, settings: settings, created: start)
}

func status(_ states: String..., open: [PauseBody] = []) -> ApplicationStatusBody {
    ApplicationStatusBody(name: app, targets: states.enumerated().map { .init(target: target($0 + 1), state: $1, detail: $1 == "unreachable" ? "connection refused" : nil) }, openPauses: open)
}

/// A master with one pause, which goes on as it is asked about.
final class PausingMaster: Sendable {
    struct State {
        var looks = 0, signs = 0
        var state = "checking"
        var exitStatus: Int?
    }

    private let state = Mutex(State())
    private let verdict: PauseWindow?
    private let endsAtSign: Int
    private let drains: Bool

    var exitStatus: Int? { state.withLock { $0.exitStatus } }
    var signs: Int { state.withLock { $0.signs } }

    /// - Parameters:
    ///   - verdict: nil: there is never a window, and the run fails.
    ///   - endsAtSign: Number of the sign of life at which the master has ended the pause by itself.
    ///   - drains: False: the instances never finish what is under way.
    init(_ verdict: PauseWindow?, endsAtSign: Int = .max, drains: Bool = true) {
        self.verdict = verdict
        self.endsAtSign = endsAtSign
        self.drains = drains
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        state.withLock { state in
            switch (request.method, request.path) {
            case ("POST", "/v1/pauses"): json(RunStartedBody(run: runID, pause: pauseID), status: 202)
            case ("GET", "/v1/pauses/\(pauseID)"): look(&state)
            case ("GET", "/v1/runs/\(runID)"): json(followed(state))
            case ("POST", "/v1/pauses/\(pauseID)/alive"): sign(&state)
            case ("POST", "/v1/pauses/\(pauseID)/finish"): finish(&state, request)
            case ("POST", "/v1/pauses/\(pauseID)/end"): end(&state)
            default: HTTPResponse(status: 404, text: "?")
            }
        }
    }

    private func look(_ state: inout State) -> HTTPResponse {
        state.looks += 1
        if state.looks == 1 { return refusal(Failure("catalog.unknown-pause", "there is no pause"), status: 404) }
        if state.state == "checking" { state.state = "intended" } else if state.state == "intended", drains { state.state = verdict == nil ? "ended" : "paused" }
        return json(pause(state.state, state.state == "ended" ? verdict : nil))
    }

    private func followed(_ state: State) -> RunBody {
        guard state.state == "ended" else { return run("running", kind: "pause", pause: pauseID) }
        guard let verdict else { return run("failed", kind: "pause", pause: pauseID, failure: Failure("pause.drain-failed", "10.0.1.1:60053 did not finish")) }
        if let doubt = verdict.doubts.first { return run("failed", kind: "pause", pause: pauseID, failure: Failure("backup.not-consistent", "it is not consistent: \(doubt)")) }
        let failure = state.exitStatus.flatMap { $0 == 0 ? nil : Failure("pause.command-failed", "the command in the window ended with status \($0)") }
        return run(failure == nil ? "succeeded" : "failed", kind: "pause", pause: pauseID, failure: failure)
    }

    private func sign(_ state: inout State) -> HTTPResponse {
        state.signs += 1
        if state.signs >= endsAtSign { state.state = "ended" }
        if state.state == "ended" { return refusal(Failure("pause.not-open", "pause \(pauseID) is over"), status: 409) }
        return json(PauseStateBody(id: pauseID, state: state.state))
    }

    private func finish(_ state: inout State, _ request: HTTPRequest) -> HTTPResponse {
        if state.state == "ended" { return refusal(Failure("pause.not-open", "pause \(pauseID) is over"), status: 409) }
        state.exitStatus = try? JSONText.decode(PauseFinishBody.self, from: request.body).exitStatus
        state.state = "ended"
        return json(PauseStateBody(id: pauseID, state: "paused"))
    }

    private func end(_ state: inout State) -> HTTPResponse {
        state.state = "ended"
        return json(pause("ended", verdict))
    }
}

func withPausingMaster(_ master: PausingMaster, _ body: (Bench) async throws -> Void) async throws { try await withMaster({ request, _ in master.answer(request) }, body) }
