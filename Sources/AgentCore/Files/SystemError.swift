package import BackupModel
import Glibc

/// A system call that failed: what was attempted, on which path, and `errno`.
package struct SystemError: FailureConvertible, Hashable, CustomStringConvertible {
    package let act: String
    package let path: String
    package let code: Int32

    init(_ act: String, _ path: String, _ code: Int32 = errno) {
        self.act = act
        self.path = path
        self.code = code
    }

    package var description: String { "unable to \(act) \(quoted(path)): \(String(cString: strerror(code)).lowercased())" }
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

    package var failure: Failure {
        switch code {
        case ENOSPC, EDQUOT: Failure("agent.no-space", description, hint: "free space on that file system")
        case EACCES, EPERM, EROFS: Failure("agent.permission", description, hint: "which user does the agent run as, and may it do this there?")
        default: Failure("agent.file", description)
        }
    }
}
