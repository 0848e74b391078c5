import BackupModel
import Catalog
import Crypto
import Glibc
import Processes
import Threads

/// The operator's commands inside the window of one backup. What each writes to its standard output waits in a file on the master until it is in the store.
struct WindowCommands: Sendable {
    let environment: OperationsEnvironment
    let backup: BackupID
    let commands: [WindowCommand]

    private var folder: String { "\(environment.pausing.folder)/\(backup)" }
    private var list: String { "\(folder)/files.json" }
    func path(_ name: FileName) -> String { "\(folder)/\(name)" }

    /// Makes the folder; refuses what cannot run, before anything is paused.
    func prepare() throws {
        guard !commands.isEmpty else { return }
        for path in [environment.pausing.folder, folder] where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw Failure("backup.command-folder", "cannot make the folder '\(path)': \(String(cString: strerror(errno)))", hint: "may aeneasd write in its state folder?")
        }
        for command in commands {
            guard let program = command.words.first, ChildProcess.find(program) != nil else {
                throw Failure("backup.command-not-found", "the command '\(command.name)' has no program that the master can run: \(quoted(command.words.first ?? ""))", hint: "is it installed on the master's host?")
            }
        }
    }

    /// All at once, each with its output in a file of its own. Sizes and hashes are not known yet: the window's length is the application's.
    func run(within limit: Duration) async throws -> [BackupFile] {
        guard !commands.isEmpty else { return [] }
        let pool = BlockingPool(width: commands.count), stop = StopFlag()
        let outcomes = await withTaskCancellationHandler {
            await onEach(commands, width: commands.count) { command in try await pool.run { try run(command, limit, stop) } }
        } onCancel: {
            stop.set()
        }
        return try allValues(commands, outcomes) { _ in "the master" }
    }

    private func run(_ command: WindowCommand, _ limit: Duration, _ stop: StopFlag) throws -> BackupFile {
        let path = path(command.name), output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw Failure("backup.command-folder", "cannot write '\(path)': \(String(cString: strerror(errno)))") }
        defer { close(output) }
        let started = environment.clock(), clock = ContinuousClock(), end = clock.now + limit
        let said: String, ending: Command.Ending
        do {
            let running = try Command(command.words, environment: ["AENEAS_BACKUP=\(backup)"], output: output)
            ending = running.wait(until: Monotonic.seconds + Double(limit.microseconds) / 1e6, isStopped: { stop.isSet || clock.now > end })
            said = running.said
        } catch {
            throw Failure("backup.command-failed", "the command '\(command.name)' cannot be run: \(error)")
        }
        // Ended by us, because nothing else in the window is worth waiting for.
        if stop.isSet { throw CancellationError() }
        guard ending == .exited(0) else {
            let tail = said.isEmpty ? "" : ": \(quoted(String(said.suffix(400))))"
            throw Failure("backup.command-failed", "the command '\(command.name)' in the window \(ending.told)\(tail)", hint: "run it by hand as aeneasd's user; a longer --window of the application gives it more time", recovery: .retry)
        }
        return BackupFile(name: command.name, size: 0, sha256: SHA256Hex(unchecked: String(repeating: "0", count: 64)), command: command.words, started: started, ended: environment.clock())
    }

    /// The same with sizes and hashes: kept beside the files for a restarted master.
    func hashed(_ written: [BackupFile]) async throws -> [BackupFile] {
        guard !written.isEmpty else { return [] }
        return try await environment.pool.run {
            let files = try written.map { file in
                var file = file
                // On the disk here and not in the window: its length is the application's.
                try LocalFile.synchronize(path(file.name))
                (file.size, file.sha256) = try LocalFile.digest(path(file.name))
                return file
            }
            try LocalFile.replace(list, with: JSONText.encodeDocument(files))
            return files
        }
    }

    /// - Throws: When a stopped master had not come so far.
    func recorded() throws -> [BackupFile] {
        guard !commands.isEmpty else { return [] }
        do { return try JSONText.decode([BackupFile].self, from: try LocalFile.contents(list, limit: 4 << 20)) } catch {
            throw Failure("backup.interrupted", "what the commands in the window wrote is not there any more: \(Failure(error))", hint: "start the backup again", recovery: .retry)
        }
    }

    /// Removes the folder. What is in the store needs it no more.
    func remove() {
        for name in commands.map({ path($0.name) }) + [list, list + ".new"] { unlink(name) }
        rmdir(folder)
    }
}

extension Command.Ending {
    var told: String {
        switch self {
        case .exited(let status): "ended with status \(status)"
        case .signalled(let signal): "was ended by signal \(signal)"
        case .outOfTime: "took longer than the window may"
        }
    }
}
