package import BackupModel

/// One connection to one instance's scalar-admin service, held open between calls. Calls block; it is used from one thread at a time.
package protocol ScalarAdminLink: Sendable {
    var target: PauseTarget { get }
    /// Returns when nothing is under way in the instance any more, and nothing new is let in.
    ///
    /// - Parameter waitSeconds: How long it may take to finish what is under way, at least 1. Its answer is waited for a little longer, and never less than the
    ///   30 s that instances take which do not know this limit.
    func pause(waitSeconds: Int) throws(ScalarAdminError)
    func unpause() throws(ScalarAdminError)
    /// True says that nothing new is let in; not that nothing is under way any more.
    func isPaused() throws(ScalarAdminError) -> Bool
    /// How many connections it has made so far: 1 after the first call; more means that the one it held was lost. May be read from any thread.
    var connectionsMade: Int { get }
}
