package import BackupModel
import SQLite

package enum CatalogError: FailureConvertible, Hashable, CustomStringConvertible {
    // The file
    case inUse(path: String)
    case newer(path: String, found: Int, known: Int)
    /// Some other program's database, or one whose schema is not ours.
    case foreign(path: String)
    case damaged(path: String, detail: String)
    case full(path: String)
    case unusable(path: String, detail: String)
    case closed
    // What it is asked
    case clusterNameTaken(ClusterName)
    /// One of its nodes belongs to a cluster that is registered already.
    case clusterKnown(as: ClusterName)
    case storeNameTaken(StoreName)
    /// The same store by another name.
    case storeKnown(as: StoreName)
    case locked(ClusterName, by: RunID)
    case unknown(Noun, String)
    case applicationNameTaken(ApplicationName)
    case applicationNamed(ApplicationName, by: ClusterName)
    case applicationPaused(ApplicationName, by: PauseID)
    /// Another pause has this target, of the same application or of another.
    case targetInUse(PauseTarget, by: PauseID, run: RunID)
    /// A Pause that was abandoned may still be at work in the target.
    case targetSettling(PauseTarget, until: Timestamp)
    case pauseOver(PauseID)
    // Faults of ours
    case duplicate(detail: String)
    case danglingReference(detail: String)
    case unreadable(detail: String)
    case unexpected(detail: String)

    package enum Noun: String, Sendable { case cluster, store, run, stage, backup, restore, application, pause }

    package var description: String { failure.description }

    package var failure: Failure {
        switch self {
        case .inUse(let path):
            Failure("catalog.in-use", "the catalogue '\(path)' is in use by another aeneasd", hint: "is one running already? (systemctl status aeneasd)")
        case .newer(let path, let found, let known):
            Failure(
                "catalog.newer", "the catalogue '\(path)' was written by a newer aeneasd: its schema is \(found), this program knows up to \(known)",
                hint: "install that version again, or put back the copy that the upgrade made")
        case .foreign(let path): Failure("catalog.foreign", "'\(path)' is a database, but not a catalogue of aeneasd", hint: "is the path right?")
        case .damaged(let path, let detail):
            Failure(
                "catalog.damaged", "the catalogue '\(path)' is damaged: \(detail)",
                hint: "keep the file, put back a copy, or start with a new one: the stores still hold every backup")
        case .full(let path): Failure("catalog.full", "no space left for the catalogue '\(path)'", hint: "is its file system full, or a quota reached?")
        case .unusable(let path, let detail):
            Failure("catalog.unusable", "cannot use the catalogue '\(path)': \(detail)", hint: "may aeneasd's user read and write the file and its folder?")
        case .closed: Failure("catalog.closed", "the catalogue is closed", hint: "is aeneasd stopping?", recovery: .retry)
        case .clusterNameTaken(let name):
            Failure("catalog.cluster-name-taken", "there is a cluster '\(name)' already", hint: "choose another name, or is it the same one?")
        case .clusterKnown(let name):
            Failure("catalog.cluster-known", "this cluster is registered already, as '\(name)'", hint: "see: aeneas cluster show \(name)")
        case .storeNameTaken(let name):
            Failure("catalog.store-name-taken", "there is a store '\(name)' already", hint: "choose another name, or is it the same one?")
        case .storeKnown(let name): Failure("catalog.store-known", "this store is known already, as '\(name)'", hint: "see: aeneas store list")
        case .locked(let name, let run):
            Failure(
                "catalog.cluster-locked", "cluster '\(name)' is in work by run \(run)",
                hint: "wait for it (aeneas run watch \(run)) or end it (aeneas run cancel \(run))", recovery: .retry)
        case .unknown(let noun, let text):
            Failure("catalog.unknown-\(noun.rawValue)", "there is no \(noun.rawValue) \(quoted(text))", hint: "see: aeneas \(noun.list) list")
        case .applicationNameTaken(let name):
            Failure("catalog.application-name-taken", "there is an application '\(name)' already", hint: "choose another name, or is it the same one?")
        case .applicationNamed(let name, let cluster):
            Failure(
                "catalog.application-in-use", "cluster '\(cluster)' names application '\(name)'", hint: "first: aeneas cluster set \(cluster) --no-application")
        case .applicationPaused(let name, let pause):
            Failure(
                "catalog.application-in-use", "application '\(name)' is in work by pause \(pause)", hint: "see: aeneas pause show \(pause)", recovery: .retry)
        case .targetInUse(let target, let pause, let run):
            Failure(
                "pause.in-use", "\(target) is in work by pause \(pause) of run \(run)",
                hint: "wait for it (aeneas run watch \(run)) or end it (aeneas pause end \(pause))", recovery: .retry)
        case .targetSettling(let target, let time):
            Failure(
                "pause.settling", "\(target) may still be at work on a Pause that was given up, until \(time)",
                hint: "try again after that: it could open the target in the middle of another pause", recovery: .retry)
        case .pauseOver(let pause): Failure("pause.over", "pause \(pause) has ended already", hint: "see: aeneas pause show \(pause)")
        case .duplicate(let detail): Failure("catalog.duplicate", "the catalogue has such a row already: \(detail)", recovery: .bug)
        case .danglingReference(let detail): Failure("catalog.dangling-reference", "a row would refer to one that is not there: \(detail)", recovery: .bug)
        case .unreadable(let detail):
            Failure("catalog.unreadable", "a row of the catalogue cannot be read: \(detail)", hint: "was it changed by hand?", recovery: .bug)
        case .unexpected(let detail): Failure("catalog.unexpected", "the catalogue refused: \(detail)", recovery: .bug)
        }
    }
}

extension CatalogError.Noun {
    /// The noun under which the command line lists such things.
    fileprivate var list: String { self == .stage ? "run" : rawValue }
}

extension CatalogError {
    /// Whatever a piece of work on the database at `path` threw.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as CatalogError: self = error
        case let error as ColumnError: self = .unreadable(detail: error.description)
        case let error as SQLiteError:
            let detail = error.description
            self =
                switch error.kind {
                case .busy: .inUse(path: path)
                case .full: .full(path: path)
                case .damaged: .damaged(path: path, detail: detail)
                case .cannotOpen, .readOnly, .inputOutput: .unusable(path: path, detail: detail)
                case .constraint where error.isForeignKeyViolation: .danglingReference(detail: detail)
                case .constraint where error.isUniquenessViolation: .duplicate(detail: detail)
                case .constraint, .other: .unexpected(detail: detail)
                }
        default: self = .unexpected(detail: "\(error)")
        }
    }
}
