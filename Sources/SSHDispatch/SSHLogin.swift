import BackupModel
import CLibssh
import Glibc
import NodeDispatch

/// A session that nothing else refers to: disconnected and freed with it, unless taken over.
///
/// `@unchecked Sendable`: it goes from the thread that logged in to the loop, one owner after the other.
final class LoggedInSession: @unchecked Sendable {
    private var session: ssh_session?

    init(_ session: ssh_session) { self.session = session }

    deinit {
        guard let session else { return }
        ssh_disconnect(session)
        ssh_free(session)
    }

    var handle: ssh_session { session! }

    func take() -> ssh_session? {
        defer { session = nil }
        return session
    }
}

/// Key exchange and login, blocking: for a thread of its own. Each network step has `timeoutSeconds`.
///
/// Strict: no configuration file and no folder of the user's is read, no agent is asked, no password is offered.
struct SSHLogin: Sendable {
    var address: HostAddress
    var port: Int
    var name: DispatchError.NodeName
    var timeoutSeconds: Int

    /// Connects as far as the host's key, which is proven by then to be the host's.
    ///
    /// - Parameter preferred: Host key algorithms to ask for before the others.
    func exchangeKeys(user: String, preferred: [String]) throws -> (LoggedInSession, HostKey) {
        guard let session = ssh_new() else { throw DispatchError.unreachable(name, detail: "out of memory") }
        let owned = LoggedInSession(session)
        try configure(session, user: user, preferred: preferred)
        guard ssh_connect(session) == SSH_OK else { throw DispatchError.unreachable(name, detail: errorText(session)) }
        return (owned, try hostKey(of: session))
    }

    func authenticate(_ login: LoggedInSession, user: String, keyFile: String) throws {
        let key = try privateKey(keyFile)
        defer { ssh_key_free(key) }
        let code = ssh_userauth_publickey(login.handle, nil, key)
        switch code {
        case SSH_AUTH_SUCCESS.rawValue: return
        case SSH_AUTH_DENIED.rawValue: throw DispatchError.loginRefused(name, user: user, detail: errorText(login.handle))
        case SSH_AUTH_PARTIAL.rawValue: throw DispatchError.loginRefused(name, user: user, detail: "the server wants more than the key")
        default: throw DispatchError.unreachable(name, detail: "the connection broke at login: \(errorText(login.handle))")
        }
    }

    private func configure(_ session: ssh_session, user: String, preferred: [String]) throws {
        var no = false
        var port = UInt32(clamping: port)
        var timeout = timeoutSeconds
        var noDelay: Int32 = 1
        var off: Int32 = 0
        let algorithms = HostKeyAlgorithm.offer(preferred: preferred).joined(separator: ",")
        let results = [
            ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no),
            ssh_options_set(session, SSH_OPTIONS_HOST, address.rawValue),
            ssh_options_set(session, SSH_OPTIONS_PORT, &port),
            ssh_options_set(session, SSH_OPTIONS_USER, user),
            // Host keys are compared by us, with our own file alone.
            ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null"),
            ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"),
            ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, algorithms),
            ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &timeout),
            ssh_options_set(session, SSH_OPTIONS_NODELAY, &noDelay),
            ssh_options_set(session, SSH_OPTIONS_PASSWORD_AUTH, &off),
            ssh_options_set(session, SSH_OPTIONS_KBDINT_AUTH, &off),
            ssh_options_set(session, SSH_OPTIONS_GSSAPI_AUTH, &off),
        ]
        guard results.allSatisfy({ $0 == SSH_OK }) else { throw DispatchError.unreachable(name, detail: errorText(session)) }
    }

    private func hostKey(of session: ssh_session) throws -> HostKey {
        var key: ssh_key?
        guard ssh_get_server_publickey(session, &key) == SSH_OK, let key else { throw DispatchError.unreachable(name, detail: "it shows no host key") }
        defer { ssh_key_free(key) }
        guard let algorithm = ssh_key_type_to_char(ssh_key_type(key)), let text = publicKeyText(key), let fingerprint = publicKeyFingerprint(key) else {
            throw DispatchError.unreachable(name, detail: "its host key cannot be read")
        }
        return HostKey(address: address, port: port, algorithm: String(cString: algorithm), fingerprint: fingerprint, key: text)
    }

    private func privateKey(_ path: String) throws -> ssh_key {
        guard access(path, R_OK) == 0 else { throw DispatchError.keyUnreadable(path: path, detail: String(cString: strerror(errno))) }
        var key: ssh_key?
        // An empty passphrase, not none: without one OpenSSL would ask for it on the terminal.
        guard ssh_pki_import_privkey_file(path, "", nil, nil, &key) == SSH_OK, let key else {
            throw DispatchError.keyUnreadable(path: path, detail: "not a private key, or one with a passphrase")
        }
        return key
    }
}

private func errorText(_ session: ssh_session) -> String {
    let text = ssh_get_error(UnsafeMutableRawPointer(session)).map { String(cString: $0).trimmed } ?? ""
    return text.isEmpty ? "no reason given" : text
}

private func publicKeyText(_ key: ssh_key) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text else { return nil }
    defer { ssh_string_free_char(text) }
    return String(cString: text)
}

private func publicKeyFingerprint(_ key: ssh_key) -> String? {
    var hash: UnsafeMutablePointer<UInt8>?
    var count = 0
    guard ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &count) == 0, let hash else { return nil }
    var owned: UnsafeMutablePointer<UInt8>? = hash
    defer { ssh_clean_pubkey_hash(&owned) }
    guard let text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, count) else { return nil }
    defer { ssh_string_free_char(text) }
    return String(cString: text)
}

/// The names that key types have in a known_hosts file, and those of the signatures asked for at key exchange.
enum HostKeyAlgorithm {
    static func offer(preferred: [String]) -> [String] {
        let all = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"]
        let wanted = preferred.flatMap { $0 == "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [$0] }.filter(all.contains)
        return wanted + all.filter { !wanted.contains($0) }
    }

    /// `SHA256:…` of a key in a known_hosts line; nil: not a key.
    static func fingerprint(of text: String, algorithm: String) -> String? {
        var key: ssh_key?
        guard ssh_pki_import_pubkey_base64(text, ssh_key_type_from_name(algorithm), &key) == SSH_OK, let key else { return nil }
        defer { ssh_key_free(key) }
        return publicKeyFingerprint(key)
    }
}
