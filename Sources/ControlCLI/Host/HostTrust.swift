import BackupModel
import CommandParser
import ControlAPI

enum OperandSpecs {
    static let host = OperandSpec("host", help: "name or address of a node's host")
}

extension Command {
    static let hostTrust = Command(
        "trust", "Pin a host's SSH key",
        discussion: """
            Compare the fingerprint with what 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' prints on the host itself. With --fingerprint the key is pinned only if the host \
            shows that one. Without, it is shown and asked about on a terminal; where nobody can be asked, --yes takes a host that is not known yet at its word, but never \
            one whose key has changed.
            """,
        options: [.sshPort, .value("fingerprint", as: "SHA256:...", help: "the key that is expected"), .yes], operands: [OperandSpecs.host],
        examples: [CommandExample("aeneas host trust 10.0.0.7 --fingerprint SHA256:AbC…", "Pin the key that was read on the host's console")]
    ) { context in
        let address: HostAddress = try context.name("host"), port = try context.port("ssh-port") ?? 22
        let fingerprint = try context.invocation.value("fingerprint") ?? agreedFingerprint(context)
        let key = try context.client.post("/hosts/trust", HostTrustBody(address: address, port: port, fingerprint: fingerprint), as: HostKeyBody.self)
        context.show(key) { ClusterText.key(key) }
        return .done
    }

    private static func agreedFingerprint(_ context: CommandContext) throws -> String {
        let agreed = context.invocation.flag("yes")
        guard agreed || context.console.isInteractive else {
            throw UsageFault("nobody can be asked here whether the key is right", hint: "--fingerprint names the one that is expected; 'aeneas host scan' shows what the host presents")
        }
        let key = try context.scanHost()
        if agreed, key.trust != "changed" { return key.fingerprint }
        guard context.console.isInteractive else {
            throw Failure("ssh.host-key-changed", "\(key.address) shows another key than the pinned one: \(key.fingerprint)", hint: "was the host set up anew? if so, name the key: --fingerprint")
        }
        context.console.writeError(ClusterText.key(key))
        guard context.console.ask("pin this key? Type yes: ") == "yes" else { throw Failure("control.not-confirmed", "not confirmed: no key was pinned") }
        return key.fingerprint
    }
}
