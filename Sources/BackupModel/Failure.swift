/// What went wrong, in the shape in which it crosses a process or reaches a person.
package struct Failure: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    package enum Recovery: String, Codable, Sendable {
        /// The same request may succeed later.
        case retry
        /// Somebody has to change something first.
        case fix
        /// It should not happen: a fault of ours.
        case bug
    }

    /// Stable, dotted, in `docs/errors.md`: `store.access-denied`.
    package var code: String
    /// One line, lower case, naming the object and the place; never repeats its cause.
    package var summary: String
    package var hint: String?
    package var recovery: Recovery
    /// The node it happened on, once the master knows.
    package var node: String?
    /// At most one: an array, because a struct cannot hold itself.
    package var causes: [Failure]

    package init(_ code: String, _ summary: String, hint: String? = nil, recovery: Recovery = .fix, node: String? = nil, cause: Failure? = nil) {
        self.code = code
        self.summary = summary
        self.hint = hint
        self.recovery = recovery
        self.node = node
        causes = cause.map { [$0] } ?? []
    }

    package var cause: Failure? { causes.first }

    /// The chain of summaries, joined by ": ".
    package var description: String { ([summary] + causes.map(\.description)).joined(separator: ": ") }

    package func on(_ node: String) -> Failure {
        var copy = self
        if copy.node == nil { copy.node = node }
        return copy
    }
}

/// An error of some target that knows how to be shown.
package protocol FailureConvertible: Error {
    var failure: Failure { get }
}

extension Failure {
    /// Any error as a failure; what does not know how to be one is a fault of ours.
    package init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let convertible as any FailureConvertible: self = convertible.failure
        case let name as NameError: self.init("input.bad-name", name.description)
        case is CancellationError: self.init("run.cancelled", "cancelled", recovery: .retry)
        default: self.init("internal.unexpected", "unexpected error: \(error)", hint: "please report this with the log of the run", recovery: .bug)
        }
    }
}
