package import CommandParser
import YAML

extension MasterConfiguration {
    package static let defaultFile = "/etc/aeneas/aeneasd.yaml"

    /// The command line of aeneasd, from the same table as the file's keys.
    package static func command(version: String) -> CommandSpec {
        let options = settings.map { setting in
            OptionSpec.value(setting.option, as: setting.placeholder, help: setting.help + (setting.fallback.isEmpty ? "" : " (default: \(setting.fallback))"))
        }
        return CommandSpec(
            name: "aeneasd", summary: "master of Aeneas: backups and restores of Apache Cassandra clusters",
            discussion: "Runs in the foreground until it is told to stop. Every setting may also stand in the configuration file, with '_' for '-', or in the environment as AENEASD_NAME.",
            options: [.value("config", as: "FILE", type: .path, environment: "AENEASD_CONFIG", help: "configuration file; without it \(defaultFile), if there is one")] + options,
            subcommands: [
                CommandSpec(name: "run", summary: "run the master"),
                CommandSpec(name: "config", summary: "look at the configuration", subcommands: [CommandSpec(name: "check", summary: "print each effective value and where it came from")])
            ],
            exitCodes: [ExitCode(0, "stopped as told"), ExitCode(1, "failed"), ExitCode(64, "wrong usage or configuration")],
            examples: [CommandExample("aeneasd run --state-folder /var/lib/aeneas", "as systemd starts it")], version: version)
    }

    /// - Parameter readFile: Bytes of a file; nil when it does not exist.
    package static func read(_ invocation: Invocation, environment: [String: String], readFile: (String) throws -> [UInt8]?) throws -> MasterConfiguration {
        let path = invocation.value("config")
        var file: [String: String] = [:]
        if let bytes = try readFile(path ?? defaultFile) { file = try values(in: bytes, path: path ?? defaultFile) } else if let path {
            throw ConfigurationError("there is no configuration file '\(path)'")
        }
        var sources: [String: String] = [:]
        func value(_ name: String) -> String {
            let setting = settings.first { $0.name == name }!
            let candidates = [("flag", invocation.value(setting.option)), ("environment", environment[setting.variable]), ("file", file[name]), ("default", setting.fallback)]
            let (source, value) = candidates.first { $0.1 != nil }!
            sources[name] = source
            return value!
        }
        var configuration = MasterConfiguration(
            stateFolder: value("state_folder"), socket: value("socket"), socketGroup: nonEmpty(value("socket_group")), listen: try listenAddress(value("listen")),
            agent: nonEmpty(value("agent")), sshUser: value("ssh_user"), sshKey: value("ssh_key"), logLevel: try word(value("log_level"), "log_level", ["debug", "info", "notice", "warning", "error"]),
            logFormat: try word(value("log_format"), "log_format", ["text", "json"]), sources: [:])
        for (name, path) in [("state_folder", configuration.stateFolder), ("socket", configuration.socket), ("ssh_key", configuration.sshKey)] where !path.hasPrefix("/") {
            throw ConfigurationError("\(name) '\(path)' is not an absolute path")
        }
        guard configuration.socket.utf8.count < 108 else { throw ConfigurationError("socket '\(configuration.socket)' is longer than a Unix socket's path may be (107 bytes)") }
        configuration.sources = sources
        return configuration
    }

    private static func values(in bytes: [UInt8], path: String) throws -> [String: String] {
        let node: YAMLNode
        do { node = try YAML.parse(bytes) } catch { throw ConfigurationError("cannot read '\(path)': \(error)") }
        if node.isNull { return [:] }
        guard let pairs = node.pairs else { throw ConfigurationError("'\(path)' is not a list of 'name: value'") }
        return try Dictionary(pairs.map { pair in
            guard settings.contains(where: { $0.name == pair.key }) else {
                let near = nearestWord(to: pair.key, among: settings.map(\.name))
                throw ConfigurationError("'\(path)', line \(pair.line): there is no setting '\(pair.key)'", hint: near.map { "did you mean '\($0)'?" })
            }
            guard let value = pair.value.string else { throw ConfigurationError("'\(path)', line \(pair.line): '\(pair.key)' is not one value") }
            return (pair.key, value)
        }, uniquingKeysWith: { _, last in last })
    }

    private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

    private static func listenAddress(_ text: String) throws -> ListenAddress? {
        if text.isEmpty { return nil }
        guard let address = ListenAddress(text) else {
            throw ConfigurationError("listen '\(text)' is not a loopback address with a port", hint: "such as 127.0.0.1:7117; over a network nothing is offered without TLS")
        }
        return address
    }

    private static func word(_ text: String, _ name: String, _ words: [String]) throws -> String {
        guard words.contains(text) else { throw ConfigurationError("\(name) '\(text)' is none of \(words.joined(separator: ", "))", hint: nearestWord(to: text, among: words).map { "did you mean '\($0)'?" }) }
        return text
    }
}
