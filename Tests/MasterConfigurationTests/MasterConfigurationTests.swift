import CommandParser
@testable import MasterConfiguration
import TestSupport
import Testing

@Suite struct MasterConfigurationTests {
    /// The configuration of a command line, an environment and the default file's text.
    private func read(_ arguments: [String] = ["run"], environment: [String: String] = [:], files: [String: String] = [:]) throws -> MasterConfiguration {
        let invocation = try MasterConfiguration.command(version: "1").parse(arguments: arguments, environment: environment).get()
        return try MasterConfiguration.read(invocation, environment: environment) { files[$0].map { Array($0.utf8) } }
    }

    private func refusal(_ text: String) -> ConfigurationError? { caught(ConfigurationError.self) { try read(files: [MasterConfiguration.defaultFile: text]) } }

    @Test("without any file every setting has its default, and no TCP is offered")
    func defaults() throws {
        let configuration = try read()
        #expect(Set(configuration.sources.values) == ["default"])
        #expect(configuration.listen == nil && configuration.agent == nil && configuration.socketGroup == nil)
        for setting in MasterConfiguration.settings { #expect(configuration.value(of: setting.name) == setting.fallback) }
    }

    private static let samples = [
        "state_folder": ["/s1", "/s2", "/s3"], "socket": ["/a.sock", "/b.sock", "/c.sock"], "socket_group": ["g1", "g2", "g3"],
        "listen": ["127.0.0.1:1", "127.0.0.2:2", "[::1]:3"], "agent": ["/a1", "/a2", "/a3"], "ssh_user": ["u1", "u2", "u3"], "ssh_key": ["/k1", "/k2", "/k3"],
        "log_level": ["debug", "notice", "error"], "log_format": ["json", "text", "json"]
    ]

    @Test("for each setting a flag goes before the environment, the environment before the file", arguments: MasterConfiguration.settings.map(\.name))
    func precedence(_ name: String) throws {
        let values = try #require(Self.samples[name]), setting = try #require(MasterConfiguration.settings.first { $0.name == name })
        let file = [MasterConfiguration.defaultFile: "\(name): '\(values[0])'\n"], environment = [setting.variable: values[1]]
        let all = try read(["run", "--\(setting.option)", values[2]], environment: environment, files: file)
        #expect(all.value(of: name) == values[2] && all.sources[name] == "flag")
        let two = try read(environment: environment, files: file)
        #expect(two.value(of: name) == values[1] && two.sources[name] == "environment")
        let one = try read(files: file)
        #expect(one.value(of: name) == values[0] && one.sources[name] == "file")
    }

    @Test("an unknown setting is refused with its line and the nearest name")
    func unknownSetting() {
        let error = refusal("ssh_user: x\nstate_foldr: /x\n")
        #expect(error?.description.contains("line 2") == true && error?.description.contains("'state_foldr'") == true)
        #expect(error?.hint == "did you mean 'state_folder'?")
    }

    @Test(
        "what cannot be right is refused by name",
        arguments: [
            ("state_folder: relative", "state_folder"), ("socket: a.sock", "socket"), ("ssh_key: key", "ssh_key"), ("log_level: loud", "log_level"), ("log_format: xml", "log_format"),
            ("listen: 0.0.0.0:80", "listen"), ("listen: 127.0.0.1", "listen"), ("listen: 'localhost:1'", "listen"), ("listen: '127.0.0.1:65536'", "listen"),
            ("listen: '127.0.0.1.evil.example:80'", "listen"), ("ssh_user: [a, b]", "ssh_user"), ("- a", "name: value")
        ])
    func refused(_ text: String, _ named: String) { #expect(refusal(text)?.description.contains(named) == true) }

    @Test("a socket's path that no socket can have is refused")
    func longSocket() {
        #expect(refusal("socket: /\(String(repeating: "s", count: 107))")?.description.contains("107 bytes") == true)
        #expect(refusal("socket: /\(String(repeating: "s", count: 106))") == nil)
    }

    @Test("a file that is named must exist, the default one need not")
    func namedFile() throws {
        #expect(caught(ConfigurationError.self) { try read(["run", "--config", "/none.yaml"]) }?.description.contains("/none.yaml") == true)
        #expect(try read(["run", "--config", "/own.yaml"], files: ["/own.yaml": "ssh_user: own", MasterConfiguration.defaultFile: "ssh_user: default"]).sshUser == "own")
    }

    @Test("an empty file changes nothing; a broken one is refused with its name")
    func emptyAndBroken() throws {
        #expect(try read(files: [MasterConfiguration.defaultFile: "# nothing\n"]).sshUser == "aeneas")
        #expect(refusal("a: [")?.description.contains(MasterConfiguration.defaultFile) == true)
    }

    @Test("a loopback address prints as it was read", arguments: ["127.0.0.1:7117", "127.255.0.3:0", "[::1]:65535"])
    func listenAddress(_ text: String) { #expect(ListenAddress(text)?.description == text) }
}
