/// gRPC's status codes; numbers that it does not name are kept.
package enum GRPCStatus: Hashable, Sendable, CustomStringConvertible {
    case ok, cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied, resourceExhausted, failedPrecondition, aborted
    case outOfRange, unimplemented, `internal`, unavailable, dataLoss, unauthenticated
    case other(Int)

    private static let named: [(GRPCStatus, String)] = [
        (.ok, "OK"), (.cancelled, "CANCELLED"), (.unknown, "UNKNOWN"), (.invalidArgument, "INVALID_ARGUMENT"), (.deadlineExceeded, "DEADLINE_EXCEEDED"),
        (.notFound, "NOT_FOUND"), (.alreadyExists, "ALREADY_EXISTS"), (.permissionDenied, "PERMISSION_DENIED"), (.resourceExhausted, "RESOURCE_EXHAUSTED"),
        (.failedPrecondition, "FAILED_PRECONDITION"), (.aborted, "ABORTED"), (.outOfRange, "OUT_OF_RANGE"), (.unimplemented, "UNIMPLEMENTED"),
        (.internal, "INTERNAL"), (.unavailable, "UNAVAILABLE"), (.dataLoss, "DATA_LOSS"), (.unauthenticated, "UNAUTHENTICATED"),
    ]

    package init(_ number: Int) { self = Self.named.indices.contains(number) ? Self.named[number].0 : .other(number) }

    package var number: Int {
        if case .other(let number) = self { return number }
        return Self.named.firstIndex { $0.0 == self } ?? 2
    }

    /// As gRPC spells it: `FAILED_PRECONDITION`.
    package var description: String {
        if case .other(let number) = self { return "status \(number)" }
        return Self.named[number].1
    }
}
