import BackupModel
import Glibc

/// To whom files are given. Only root can give them away: for anybody else they stay the agent's own, which then is Cassandra's user.
struct Ownership: Hashable, Sendable {
    let uid: uid_t
    let gid: gid_t

    init?(_ owner: NodeFolders.Owner?) {
        guard let owner, geteuid() == 0 else { return nil }
        uid = uid_t(owner.uid)
        gid = gid_t(owner.gid)
    }

    func give(_ path: String) throws(SystemError) {
        guard lchown(path, uid, gid) == 0 else { throw SystemError("change the owner of", path) }
    }

    func give(_ file: OpenFile) throws(SystemError) {
        guard fchown(file.descriptor, uid, gid) == 0 else { throw SystemError("change the owner of", file.path) }
    }
}
