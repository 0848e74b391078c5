package import BackupModel
package import ScalarAdmin

/// How the instances of an application are reached and guarded: the executable's choice, and a test's.
package struct PauseEnvironment: Sendable {
    package var openLink: @Sendable (PauseTarget, PauseAccess) -> any ScalarAdminLink
    package var resolve: @Sendable (TargetSource) throws -> [PauseTarget]
    package var guards: any PauseGuards
    /// Where the output of commands in the window waits until it is in the store; 0700.
    package var folder: String

    package init(
        openLink: @escaping @Sendable (PauseTarget, PauseAccess) -> any ScalarAdminLink, resolve: @escaping @Sendable (TargetSource) throws -> [PauseTarget],
        guards: any PauseGuards, folder: String
    ) {
        self.openLink = openLink
        self.resolve = resolve
        self.guards = guards
        self.folder = folder
    }
}

extension PauseEnvironment {
    /// Of a master that can pause nothing.
    package static var unavailable: PauseEnvironment {
        let failure = Failure("pause.unavailable", "this master cannot pause applications", recovery: .bug)
        struct None: PauseGuards {
            let failure: Failure
            func start(_ work: GuardWork) async throws -> any PauseGuard { throw failure }
        }
        struct NoLink: ScalarAdminLink {
            let target: PauseTarget
            let connectionsMade = 0
            func pause(waitSeconds: Int) throws(ScalarAdminError) { throw .unreachable("this master cannot pause applications") }
            func unpause() throws(ScalarAdminError) { throw .unreachable("this master cannot pause applications") }
            func isPaused() throws(ScalarAdminError) -> Bool { throw .unreachable("this master cannot pause applications") }
        }
        return PauseEnvironment(openLink: { target, _ in NoLink(target: target) }, resolve: { _ in throw failure }, guards: None(failure: failure), folder: "/nonexistent")
    }
}

/// Starts the guardian beside the master: a process that outlives it.
package protocol PauseGuards: Sendable {
    /// Returns once it watches.
    func start(_ work: GuardWork) async throws -> any PauseGuard
}

package protocol PauseGuard: Sendable {
    var isAlive: Bool { get }
    /// Targets that it could not reach when it began.
    var unreached: [PauseTarget: String] { get }
    /// Every target is proven open: it may end.
    func release() async
}
