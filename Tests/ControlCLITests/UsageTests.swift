import ControlCLI
import Testing

@Suite struct UsageTests {
    @Test(
        "a command line that makes no sense ends with 64, an error and a hint, before anybody is asked anything",
        arguments: [
            (["backup", "lsit"], "'aeneas backup' has no command 'lsit'", "did you mean 'list'?"),
            (["backup", "start"], "'aeneas backup start' needs <cluster>", "the cluster's name; see 'aeneas backup start --help'"),
            (["backup", "start", "Shop!"], "not a valid cluster name (lower case letters, digits, '-' and '_', at most 63, first a letter or digit): 'Shop!'", "see 'aeneas backup start --help'"),
            (["backup", "start", "shop", "--keyspace", "a/b"], "not a valid keyspace name (letters, digits and '_'): 'a/b'", "see 'aeneas backup start --help'"),
            (["run", "watch", "--outptu", "json", "x"], "unknown option '--outptu'", "did you mean '--output'?"),
            (["run", "watch", "--output", "jsno", "x"], "option '--output': 'jsno' is not one of text, json", "did you mean 'json'?"),
            (["backup", "show", "../../etc"], "not a valid backup id (such as 20261124T145501Z-1a2b3c): '../../etc'", "see 'aeneas backup show --help'"),
            (["store", "add", "s"], "where is the store?", "--folder PATH or --s3"),
            (["store", "add", "s", "--folder", "/a", "--s3"], "--folder and --s3 exclude each other", "see 'aeneas store add --help'"),
            (["store", "add", "s", "--folder", "a"], "option '--folder': 'a' is not an absolute path", "the file is read on the master and the nodes, not here"),
            (["store", "add", "s", "--folder", "/a", "--bucket", "b"], "--bucket is for --s3", "see 'aeneas store add --help'"),
            (["store", "add", "s", "--s3", "--bucket", "b"], "an S3 store needs --endpoint", "see 'aeneas store add --help'"),
            (["cluster", "add", "c", "--contact", "-x"], "not a valid host name or address: '-x'", "see 'aeneas cluster add --help'"),
            (["cluster", "add", "c", "--contact", "h", "--ssh-port", "70000"], "option '--ssh-port': 70000 is out of range", "1 to 65535"),
            (["cluster", "add", "c", "--contact", "h", "--ssh-key", "id"], "option '--ssh-key': 'id' is not an absolute path", "the file is read on the master, not here"),
            (["cluster", "add", "c", "--contact", "h", "--jmx-ca", "/ca"], "--jmx-ca needs --jmx-tls", "see 'aeneas cluster add --help'"),
            (["restore", "start", "shop", "--yes"], "what is to be restored?", "--node ADDRESS or --whole-cluster"),
            (["restore", "start", "shop", "--node", "a", "--whole-cluster", "--yes"], "--node and --whole-cluster exclude each other", "see 'aeneas restore start --help'"),
            (["restore", "start", "shop", "--node", "a", "--yes", "--plan-digest", "d"], "--yes and --plan-digest exclude each other", "see 'aeneas restore start --help'"),
            (
                ["restore", "start", "shop", "--node", "a", "--yes", "--drop-aside", "--no-wait"], "--drop-aside has to wait for the end",
                "leave out --no-wait, or drop later: 'aeneas restore drop'"
            ),
            (["--socket", "/s", "--url", "http://h", "run", "list"], "--socket and --url exclude each other", "give one of them"),
            (["--url", "h:1", "run", "list"], "option '--url': 'h:1' is not a URL", "as in http://127.0.0.1:7373"),
            (["application", "add", "bank"], "where are its instances?", "--target HOST:PORT for each, or --srv NAME"),
            (["application", "add", "bank", "--target", "10.0.1.1"], "not a valid target (host:port): '10.0.1.1'", "see 'aeneas application add --help'"),
            (["application", "add", "bank", "--target", "a:1", "--ca-file", "/ca"], "--ca-file and --authority need --tls", "see 'aeneas application add --help'"),
            (["application", "add", "bank", "--target", "a:1", "--window", "1500ms"], "option '--window': whole seconds, at least 1", "see 'aeneas application add --help'"),
            (["application", "set", "bank"], "what is to be changed?", "see 'aeneas application set --help'"),
            (["application", "set", "bank", "--tls", "--no-tls"], "--tls and --no-tls exclude each other", "see 'aeneas application set --help'"),
            (["cluster", "set", "shop"], "what is to be changed?", "see 'aeneas cluster set --help'"),
            (["cluster", "set", "shop", "--application", "a", "--no-application"], "--application and --no-application exclude each other", "see 'aeneas cluster set --help'"),
            (["cluster", "set", "shop", "--with", "pg"], "option '--with': 'pg' is not NAME=COMMAND", "as in 'pg=pg_dump --no-password shop'"),
            (["cluster", "set", "shop", "--with", "pg=a", "--with", "pg=b"], "option '--with': 'pg' is given more than once", "see 'aeneas cluster set --help'"),
            (["backup", "start", "shop", "--with", "pg='a"], "option '--with': a quote is not closed in: 'a", "see 'aeneas backup start --help'"),
            (["backup", "start", "shop", "--consistent", "--plain"], "--consistent and --plain exclude each other", "see 'aeneas backup start --help'"),
            (["backup", "start", "shop", "--plain", "--with", "a=b"], "--with is for consistent backups, and --plain says that this is none", "see 'aeneas backup start --help'"),
            (["pause", "hold", "bank"], "'aeneas pause hold' needs option '--for'", "how long, as in 10s: --for TIME"),
            (["pause", "hold", "bank", "--for", "0"], "option '--for': a window of no length proves nothing", "see 'aeneas pause hold --help'"),
            (["pause", "run", "bank", "true"], "'aeneas pause run' does not take 'true'", "see 'aeneas pause run --help'"),
            (["restore", "start", "shop", "--only", "pg=a"], "--only needs the backup that it is to be taken from", "--backup ID; 'aeneas backup show ID' lists its files"),
            (["restore", "start", "shop", "--backup", "20261124T145501Z-1a2b3c", "--only", "pg="], "option '--only': 'pg=' is not NAME=FILE", "as in pg=shop.dump"),
            (["restore", "start", "shop", "--only", "pg=a", "--node", "b"], "--only and --node exclude each other", "see 'aeneas restore start --help'"),
            (["restore", "start", "shop", "--node", "a", "--yes", "--force"], "--force is for --only", "see 'aeneas restore start --help'"),
            (["man", "backup", "strat"], "there is no command 'backup strat'", "see 'aeneas man --help'"),
        ]
    )
    func usage(arguments: [String], message: String, hint: String) async throws {
        let outcome = try await Bench.run(arguments)
        #expect(outcome.errors == "error: \(message)\nHINT: \(hint)\n")
        #expect(outcome.status == .usage)
        #expect(outcome.output.isEmpty)
    }

    @Test("help, version, completions and man pages need no master")
    func withoutMaster() async throws {
        for (arguments, expected) in [
            (["restore", "start", "--help"], "  3    some nodes failed\n"), (["help", "backup"], "verify  Read every object"), (["pause", "run", "--help"], "[options] <application> [-- command...]\n"),
            (["help", "pause"], "hold    Keep an application paused for a time"), (["man", "pause", "hold"], ".TH \"AENEAS\\-PAUSE\\-HOLD\" 1"), (["completions", "bash"], "'pause run') "), (["--version"], "aeneas 1.2.3\n"),
            (["completions", "zsh"], "#compdef aeneas\n"), (["man", "backup", "start"], ".TH \"AENEAS\\-BACKUP\\-START\" 1"), (["version"], "aeneas 1.2.3\naeneasd does not answer\n"),
        ] {
            let outcome = try await Bench.run(["--socket", "/nonexistent/s"] + arguments)
            #expect(outcome.status == .done)
            #expect(outcome.output.contains(expected), "\(arguments)")
        }
    }

    @Test("every command has help and a man page, and every page names an exit status or commands")
    func everyPage() async throws {
        let folder = try TemporaryFolder()
        #expect(try await Bench.run(["man", "--directory", "\(folder.path)/a/man1"]).status == .done)
        let pages = try folder.files("a/man1")
        #expect(pages.keys.contains("aeneas.1") && pages.keys.contains("aeneas-restore-rollback.1"))
        for (name, page) in pages { #expect(page.contains(".SH \"EXIT STATUS\"") || page.contains(".SH \"COMMANDS\""), "\(name)") }
    }
}
