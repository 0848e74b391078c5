import BackupModel

enum ControlError: Error {
    /// No answer, or none that is whole.
    case unreachable(Failure)
    /// The master said no.
    case refused(Failure, run: RunID?, status: Int)

    var failure: Failure {
        switch self {
        case .unreachable(let failure), .refused(let failure, _, _): failure
        }
    }

    var run: RunID? {
        if case .refused(_, let run, _) = self { return run }
        return nil
    }

    /// A master that starts again answers later.
    var mayPass: Bool {
        switch self {
        case .unreachable: true
        case .refused(let failure, _, let status): status == 503 || failure.code == "server.stopping"
        }
    }
}
