import CommandParser
import Testing

@Suite("Command line parsing") struct CommandParserParsingTests {
    private func parsed(_ words: String..., environment: [String: String] = [:]) throws -> Invocation {
        try sampleTable.parse(arguments: words, environment: environment).get()
    }

    private func refused(_ words: String..., environment: [String: String] = [:]) -> UsageError? {
        if case .failure(let error) = sampleTable.parse(arguments: words, environment: environment) { return error }
        return nil
    }

    @Test("all forms of giving a value are read alike", arguments: [["--store=x"], ["--store", "x"], ["-s", "x"], ["-sx"], ["-s=x"], ["-qvsx"]])
    func valueForms(form: [String]) throws {
        let invocation = try sampleTable.parse(arguments: ["backup", "start", "c1"] + form).get()
        #expect(invocation.value("store") == "x")
        #expect(invocation.path == ["backup", "start"])
        #expect(invocation.operand("cluster") == "c1")
    }

    @Test("a value may be empty, hold an equals sign or begin with a dash")
    func oddValues() throws {
        #expect(try parsed("backup", "start", "c", "--store=").value("store") == "")
        #expect(try parsed("backup", "start", "c", "--store=a=b").value("store") == "a=b")
        #expect(try parsed("backup", "start", "c", "--store", "-1").value("store") == "-1")
        #expect(try parsed("backup", "start", "c", "--store=--quiet").value("store") == "--quiet")
    }

    @Test("an option of the program may stand before or after the subcommand")
    func inherited() throws {
        for words in [["-o", "json", "backup", "list"], ["backup", "-o", "json", "list"], ["backup", "list", "-o", "json"]] {
            #expect(try sampleTable.parse(arguments: words).get().value("output") == "json")
        }
    }

    @Test("grouped and repeated flags are counted")
    func counts() throws {
        let invocation = try parsed("-vvq", "backup", "list", "--verbose")
        #expect(invocation.count("verbose") == 3)
        #expect(invocation.flag("quiet"))
        #expect(try parsed("backup", "list").flag("quiet") == false)
    }

    @Test("typed values are read")
    func typed() throws {
        let invocation = try parsed("backup", "start", "c", "-s", "x", "--keep", "2h", "--part-size", "64MiB", "--width", "8", "--tag", "a", "--tag", "b")
        #expect(invocation.duration("keep") == .seconds(7200))
        #expect(invocation.byteCount("part-size") == 67_108_864)
        #expect(invocation.integer("width") == 8)
        #expect(invocation.values("tag") == ["a", "b"])
    }

    @Test("a command line wins over the environment, and that over the default")
    func precedence() throws {
        let environment = ["SAMPLE_OUTPUT": "json", "SAMPLE_QUIET": "yes"]
        let default_ = try parsed("backup", "list")
        #expect(default_.value("output") == "text")
        #expect(default_.source("output") == .default)
        let fromEnvironment = try parsed("backup", "list", environment: environment)
        #expect(fromEnvironment.value("output") == "json")
        #expect(fromEnvironment.source("output") == .environment("SAMPLE_OUTPUT"))
        #expect(fromEnvironment.flag("quiet"))
        let given = try parsed("backup", "list", "--output=text", environment: environment)
        #expect(given.value("output") == "text")
        #expect(given.source("output") == .argument)
        #expect(refused("backup", "list", environment: ["SAMPLE_OUTPUT": "xml"])?.message.contains("SAMPLE_OUTPUT") == true)
    }

    @Test("after two dashes words are operands, or handed on by a command that does so")
    func dashes() throws {
        #expect(try parsed("backup", "start", "-s", "x", "--", "-c1", "--tag").operands == ["-c1", "--tag"])
        let exec = try parsed("exec", "-v", "--", "ls", "-v", "--", "x")
        #expect(exec.passthrough == ["ls", "-v", "--", "x"])
        #expect(exec.count("verbose") == 1)
    }

    @Test("a repeating operand takes the rest")
    func operands() throws {
        let invocation = try parsed("backup", "start", "-s", "x", "c1", "t1", "t2")
        #expect(invocation.operands("table") == ["t1", "t2"])
        #expect(try parsed("backup", "start", "-s", "x", "c1").operands("table") == [])
    }

    @Test("help is given at each level and asks for nothing else")
    func help() throws {
        #expect(try parsed("--help").action == .help)
        let deep = try parsed("backup", "start", "-h")
        #expect(deep.action == .help)
        #expect(deep.path == ["backup", "start"])
        #expect(try parsed("help", "backup", "list").path == ["backup", "list"])
        #expect(try parsed("--version").action == .version)
    }

    @Test(
        "what the table does not allow is refused with one line and a hint",
        arguments: [
            (["backup", "start", "--stor", "x"], .unknownOption, "unknown option '--stor'", "did you mean '--store'?"),
            (["--store", "x", "backup", "start"], .unknownOption, "unknown option '--store'", "it belongs to 'sample backup start': write it after that"),
            (["-Z"], .unknownOption, "unknown option '-Z'", "see 'sample --help'"),
            (["bakcup"], .unknownCommand, "'sample' has no command 'bakcup'", "did you mean 'backup'?"),
            (["backup", "zzzzz"], .unknownCommand, "'sample backup' has no command 'zzzzz'", "see 'sample backup --help'"),
            (["backup"], .missingCommand, "'sample backup' needs a command", "one of: start, list"),
            (["backup", "start", "c", "--store"], .missingValue, "option '--store' needs a value: NAME", "see 'sample backup start --help'"),
            (
                ["backup", "start", "c", "-s", "--quiet"], .missingValue, "option '-s' needs a value, but '--quiet' follows",
                "if that is the value, write --store=--quiet"
            ),
            (["--quiet=yes", "backup", "list"], .unwantedValue, "option '--quiet' takes no value", "see 'sample --help'"),
            (
                ["backup", "start", "c", "-s", "x", "--store=y"], .duplicateOption, "option '--store' is given more than once",
                "see 'sample backup start --help'"
            ),
            (["-o", "jsn", "backup", "list"], .invalidValue, "option '-o': 'jsn' is not one of text, json", "did you mean 'json'?"),
            (["backup", "list", "compleet"], .invalidValue, "<state>: 'compleet' is not one of complete, failed", "did you mean 'complete'?"),
            (
                ["backup", "start", "c", "--keep", "30"], .invalidValue, "option '--keep': '30' is not a duration",
                "write a number and a unit, as in 500ms, 30s, 5m, 2h or 1d"
            ),
            (["backup", "start", "c"], .missingOption, "'sample backup start' needs option '--store'", "where it goes: --store NAME"),
            (["backup", "start", "-s", "x"], .missingOperand, "'sample backup start' needs <cluster>", "which cluster; see 'sample backup start --help'"),
            (["backup", "list", "failed", "x"], .unexpectedOperand, "'sample backup list' does not take 'x'", "see 'sample backup list --help'"),
        ] as [([String], UsageError.Kind, String, String)]
    )
    func refusals(words: [String], kind: UsageError.Kind, message: String, hint: String) throws {
        guard case .failure(let error) = sampleTable.parse(arguments: words) else {
            Issue.record("accepted")
            return
        }
        #expect(error.kind == kind)
        #expect(error.description == "error: \(message)\nHINT: \(hint)")
    }

    @Test("a word with control characters or of great length does not spoil the error's line")
    func hostileWord() throws {
        let error = try #require(refused("ba\nck\u{1b}[2Jup" + String(repeating: "x", count: 100_000)))
        #expect(!error.message.contains("\n"))
        #expect(!error.message.contains("\u{1b}"))
        #expect(error.message.count < 200)
    }

    @Test("the nearest word is found for slips and not for other words")
    func nearest() {
        let words = ["backup", "restore", "schedule", "store"]
        #expect(nearestWord(to: "bakcup", among: words) == "backup")
        #expect(nearestWord(to: "Stor", among: words) == "store")
        #expect(nearestWord(to: "scheduel", among: words) == "schedule")
        #expect(nearestWord(to: "node", among: words) == nil)
        #expect(nearestWord(to: "", among: words) == nil)
        #expect(nearestWord(to: "x", among: ["y"]) == nil)
    }

    @Test("durations and byte counts with units are read exactly")
    func quantities() {
        #expect(Quantity.duration("500ms") == .milliseconds(500))
        #expect(Quantity.duration("30s") == .seconds(30))
        #expect(Quantity.duration("5 m") == .seconds(300))
        #expect(Quantity.duration("1d") == .seconds(86_400))
        #expect(Quantity.duration("0") == .zero)
        #expect(Quantity.byteCount("1GB") == 1_000_000_000)
        #expect(Quantity.byteCount("64MiB") == 67_108_864)
        #expect(Quantity.byteCount("4096") == 4096)
        #expect(Quantity.byteCount("7 tib") == 7 << 40)
    }

    @Test(
        "other amounts, and ones too large, are refused",
        arguments: ["", "5", "-5s", "5x", "s", "1.5h", "9223372036854775807d", "99999999999999999999s", "٣s", "5 ", "5  s"])
    func badDurations(text: String) { #expect(Quantity.duration(text) == nil) }

    @Test(
        "other byte counts, and ones too large, are refused",
        arguments: ["", "-1", "1.5GB", "GB", "1XB", "9223372036854775807KB", "9000PiB", "99999999999999999999"])
    func badByteCounts(text: String) { #expect(Quantity.byteCount(text) == nil) }
}
