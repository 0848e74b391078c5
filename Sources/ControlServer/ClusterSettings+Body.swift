import BackupModel
import Catalog
import ControlAPI

extension ClusterSettings {
    init(_ body: ClusterSettingsBody, _ defaults: ControlServer.Defaults) {
        self.init(ssh: SSHSettings(user: defaults.sshUser, keyFile: defaults.sshKeyFile))
        apply(ClusterSettingsPatch(changes: body))
    }

    mutating func apply(_ patch: ClusterSettingsPatch) {
        let body = patch.changes
        applyAccess(body)
        stopCommand = body.stopCommand ?? stopCommand
        startCommand = body.startCommand ?? startCommand
        stopTimeoutSeconds = body.stopTimeoutSeconds ?? stopTimeoutSeconds
        startTimeoutSeconds = body.startTimeoutSeconds ?? startTimeoutSeconds
        repairTimeoutSeconds = body.repairTimeoutSeconds ?? repairTimeoutSeconds
        transfer = Transfer(workers: body.workers ?? transfer.workers, bytesPerSecond: body.bytesPerSecond ?? transfer.bytesPerSecond)
        store = body.store ?? store
        application = body.application ?? application
        consistent = body.consistent ?? consistent
        windowCommands = body.windowCommands?.map(WindowCommand.init) ?? windowCommands
        for field in patch.removed { remove(field) }
    }

    private mutating func applyAccess(_ body: ClusterSettingsBody) {
        ssh.user = body.sshUser ?? ssh.user
        ssh.port = body.sshPort ?? ssh.port
        ssh.keyFile = body.sshKeyFile ?? ssh.keyFile
        ssh.agentFolder = body.agentFolder ?? ssh.agentFolder
        jmx.host = body.jmxHost ?? jmx.host
        jmx.port = body.jmxPort ?? jmx.port
        jmx.credentialsFile = body.jmxCredentialsFile ?? jmx.credentialsFile
        jmx.tls = body.jmxTLS ?? jmx.tls
        jmx.tlsCAFile = body.jmxTLSCAFile ?? jmx.tlsCAFile
        for (address, own) in body.nodes ?? [:] {
            let override = NodeOverride(sshHost: own.sshHost, sshPort: own.sshPort, jmxHost: own.jmxHost, jmxPort: own.jmxPort)
            nodeOverrides[address] = override == NodeOverride() ? nil : override
        }
    }

    private mutating func remove(_ field: ClusterSettingsPatch.Removable) {
        switch field {
        case .store: store = nil
        case .application: application = nil
        case .jmxCredentialsFile: jmx.credentialsFile = nil
        case .jmxTLSCAFile: jmx.tlsCAFile = nil
        case .bytesPerSecond: transfer.bytesPerSecond = nil
        }
    }
}

extension WindowCommand {
    init(_ body: WindowCommandBody) { self.init(name: body.name, words: body.words) }
}
