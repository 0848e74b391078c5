import CommandParser

extension Command {
    /// Everything that `aeneas` can do.
    static func aeneas(version: String) -> Command {
        Command(
            group: "aeneas", "Back up and restore Apache Cassandra clusters", discussion: Self.discussion, options: Self.globalOptions, version: "aeneas \(version)",
            [
                Command(group: "cluster", "Register clusters and look at them", [.clusterAdd, .clusterList, .clusterShow, .clusterSet, .clusterRefresh]),
                Command(group: "host", "Look at hosts' SSH keys and pin them", [.hostScan, .hostTrust]),
                Command(group: "store", "Say where backups go", [.storeAdd, .storeList, .storeCheck]),
                Command(group: "backup", "Take backups, list and verify them", [.backupStart, .backupList, .backupShow, .backupVerify]),
                Command(
                    group: "restore", "Plan restores and carry them out",
                    [.restorePlan, .restoreStart, .restoreList, .restoreShow, .restoreResume, .restoreRollback, .restoreKeep, .restoreDrop]),
                Command(
                    group: "application", "Name the applications that are paused for consistent backups",
                    [.applicationAdd, .applicationList, .applicationShow, .applicationCheck, .applicationSet, .applicationRemove]),
                Command(group: "pause", "Pause applications, and see that none stays paused", [.pauseStatus, .pauseEnd, .pauseRun, .pauseHold, .pauseList, .pauseShow]),
                Command(group: "run", "Follow what is in work", [.runList, .runShow, .runWatch, .runCancel]),
                .version, .completions, .man,
            ])
    }

    private static let discussion = """
        aeneas talks to aeneasd, the master, through its Unix socket or, with --url, over TCP with a token.

        Texts are for people and may change; with --output json every command prints what the REST interface answers.
        """

    private static let globalOptions: [OptionSpec] = [
        .value("socket", as: "PATH", type: .path, default: "/run/aeneas/aeneasd.sock", environment: "AENEAS_SOCKET", help: "the master's Unix socket"),
        .value("url", as: "URL", environment: "AENEAS_URL", help: "the master's address over TCP, in place of the socket"),
        .value("token-file", as: "FILE", type: .path, environment: "AENEAS_TOKEN_FILE", help: "file with the token that --url needs"),
        .value("output", as: "FORMAT", type: .choice(["text", "json"]), default: "text", help: "form of what is printed"),
    ]
}

extension OptionSpec {
    static let noWait = OptionSpec.flag("no-wait", help: "start it and return; 'aeneas run watch' follows it")
    static let yes = OptionSpec.flag("yes", help: "do not ask")
    static let onlyCluster = OptionSpec.value("cluster", as: "NAME", help: "only those of this cluster")
    static let sshPort = OptionSpec.value("ssh-port", as: "N", type: .integer, help: "port of its SSH server, 22 if not given")
}

extension OperandSpec {
    static func id(_ noun: String) -> OperandSpec { OperandSpec("id", help: "the \(noun)'s id") }
    static func name(_ noun: String) -> OperandSpec { OperandSpec("name", help: "the \(noun)'s name") }
    static let cluster = OperandSpec("cluster", help: "the cluster's name")
}
