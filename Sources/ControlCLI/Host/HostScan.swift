import BackupModel
import ControlAPI

extension Command {
    static let hostScan = Command(
        "scan", "Show the SSH key that a host presents, without logging in", options: [.sshPort], operands: [OperandSpecs.host]
    ) { context in
        let key = try context.scanHost()
        context.show(key) { ClusterText.key(key) }
        return .done
    }
}

extension CommandContext {
    func scanHost() throws -> HostKeyBody { try client.post("/hosts/scan", HostScanBody(address: try name("host"), port: try port("ssh-port") ?? 22)) }
}
