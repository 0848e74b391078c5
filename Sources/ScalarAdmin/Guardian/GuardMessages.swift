package import BackupModel

// Between master and guardian, lines of text. To the guardian: first its GuardWork as JSON, then `.` once a second, at last `released`. From it: `ready` and
// what it reaches, then `note` and a Note, at last `result` and a GuardResult, each as JSON on the same line.

/// What a guardian found of one instance when it began.
package struct ReachedTarget: Codable, Hashable, Sendable {
    package enum State: String, Codable, Sendable { case open, paused, unverifiable, unreachable }
    package let target: PauseTarget
    package let state: State
    /// Why it is unreachable.
    package let detail: String?

    init(_ target: PauseTarget, _ answer: Result<Bool?, ScalarAdminError>) {
        self.target = target
        switch answer {
        case .success(let isPaused): (state, detail) = (isPaused.map { $0 ? .paused : .open } ?? .unverifiable, nil)
        case .failure(let error): (state, detail) = (.unreachable, error.description)
        }
    }
}

enum GuardMessage: Equatable {
    case ready([ReachedTarget])
    case note(Note)
    case result(GuardResult)

    var line: String {
        switch self {
        case .ready(let reached): "ready " + text(reached)
        case .note(let note): "note " + text(note)
        case .result(let result): "result " + text(result)
        }
    }

    /// nil for a line that is none of them.
    init?(_ line: String) {
        guard let space = line.firstIndex(of: " ") else { return nil }
        let json = line[line.index(after: space)...].utf8
        switch line[..<space] {
        case "ready":
            guard let reached = try? JSONText.decode([ReachedTarget].self, from: json) else { return nil }
            self = .ready(reached)
        case "note":
            guard let note = try? JSONText.decode(Note.self, from: json) else { return nil }
            self = .note(note)
        case "result":
            guard let result = try? JSONText.decode(GuardResult.self, from: json) else { return nil }
            self = .result(result)
        default: return nil
        }
    }
}

private func text(_ value: some Encodable) -> String { String(decoding: JSONText.encode(value), as: UTF8.self) }
