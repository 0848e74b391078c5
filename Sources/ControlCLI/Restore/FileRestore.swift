import BackupModel
import CommandParser
import ControlAPI

/// `restore start --only NAME=FILE`: what commands wrote in a backup's window, given back. Touches no node.
struct FileRestore {
    private struct Wish {
        let name: FileName
        let path: String
    }

    private let context: CommandContext
    private let cluster: ClusterName
    private let backup: BackupID
    private let wishes: [Wish]

    init(_ context: CommandContext) throws {
        let given = context.invocation
        for option in ["node", "whole-cluster", "override", "yes", "plan-digest", "drop-aside", "no-wait"] where given.source(option) != nil { throw UsageFault("--only and --\(option) exclude each other") }
        guard let backup: BackupID = try context.name(option: "backup") else { throw UsageFault("--only needs the backup that it is to be taken from", hint: "--backup ID; 'aeneas backup show ID' lists its files") }
        self.context = context
        self.backup = backup
        cluster = try context.name("cluster")
        wishes = try given.values("only").map { text in
            let (name, path) = try CommandContext.assignment(text, option: "only", form: "NAME=FILE", hint: "as in pg=shop.dump")
            return Wish(name: name, path: path)
        }
        guard Set(wishes.map(\.path)).count == wishes.count else { throw UsageFault("option '--only': one FILE is named twice") }
    }

    func run() throws -> ProgramExit {
        let body = try context.client.get("/backups/\(backup)", as: BackupBody.self)
        guard body.cluster == cluster else { throw Failure("restore.other-cluster", "backup \(backup) is of cluster '\(body.cluster)', not of '\(cluster)'", hint: "aeneas backup list --cluster \(cluster)") }
        if context.invocation.flag("consistent"), body.consistency != .transactional {
            throw Failure("restore.not-consistent", "backup \(backup) is not proven consistent, and a consistent one was asked for", hint: "aeneas backup show \(backup) names the reasons")
        }
        let files = try wishes.map { try file($0, body) }
        // All are looked at before the first is written.
        let force = context.invocation.flag("force")
        let places = try wishes.map { try DownloadedFile($0.path, replaces: force) }
        try Interruption.deferred { for (file, place) in zip(files, places) { try fetch(file, place) } }
        context.show(files) { zip(files, wishes).map { "'\($0.name)' of backup \(backup) is in \($1.path): \(Amount.bytes($0.size)), SHA-256 \($0.sha256)\n".plainLines }.joined() }
        return .done
    }

    private func file(_ wish: Wish, _ body: BackupBody) throws -> BackupFile {
        let files = body.description?.files ?? []
        guard let file = files.first(where: { $0.name == wish.name }) else {
            let names = files.map(\.name.rawValue).joined(separator: ", ")
            throw Failure("backup.no-such-file", "backup \(backup) has no file '\(wish.name)'", hint: names.isEmpty ? "it has none: they come from --with NAME=COMMAND" : "it has: \(names)")
        }
        return file
    }

    private func fetch(_ file: BackupFile, _ place: DownloadedFile) throws {
        try place.begin()
        do {
            try context.client.download("/backups/\(backup)/files/\(file.name)", isCancelled: { Interruption.happened }) { bytes in try place.write(bytes) }
            try place.finish(size: file.size, sha256: file.sha256)
        } catch {
            place.abandon()
            if Interruption.happened { throw Failure("control.interrupted", "interrupted: nothing was written to \(quoted(place.path))") }
            throw error
        }
    }
}
