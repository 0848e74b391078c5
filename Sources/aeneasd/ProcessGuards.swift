import BackupModel
import Logging
import Operations
import ScalarAdmin
import Threads

/// Guardians as processes of this very program: `aeneasd guard`, each in a session of its own, so that nothing that ends the master ends it.
struct ProcessGuards: PauseGuards {
    let pool: BlockingPool
    let log: Log

    func start(_ work: GuardWork) async throws -> any PauseGuard {
        let log = log
        do {
            let handle = try await pool.run {
                // Also of a program whose file was replaced since it was started. The words tell an admin which guardian it is.
                let words = ["aeneasd", "guard", work.application.rawValue, work.pause.rawValue]
                return try GuardianHandle.start(executable: "/proc/self/exe", program: words, work: work) { note in
                    let fields: Log.Fields = ["pause": work.pause.rawValue, "code": note.code ?? "-"]
                    if note.level == .info { log.info("guardian: \(note.text)", fields) } else { log.warning("guardian: \(note.text)", fields) }
                }
            }
            return ProcessGuard(handle: handle, pool: pool)
        } catch {
            throw Failure("pause.guardian-not-started", "the guardian beside the master cannot be started", hint: "may aeneasd run programs?", recovery: .retry, cause: Failure(error))
        }
    }
}

private struct ProcessGuard: PauseGuard {
    let handle: GuardianHandle
    let pool: BlockingPool
    var isAlive: Bool { handle.isAlive }
    var unreached: [PauseTarget: String] { handle.unreached }

    func release() async {
        let handle = handle
        _ = try? await pool.run { handle.release() }
    }
}
