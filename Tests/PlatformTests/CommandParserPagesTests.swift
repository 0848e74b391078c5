import CommandParser
import Foundation
import Testing

@Suite("Help, man pages and completions") struct CommandParserPagesTests {
    @Test("help shows everything the table has, within the width")
    func help() throws {
        let text = try #require(sampleTable.help(for: ["backup", "start"], width: 72))
        for part in [
            "Usage: sample backup start --store NAME [options] <cluster>", "<table>...", "-s, --store NAME", "required", "Global options:",
            "-o, --output FORMAT",
            "one of: text, json; default:", "SAMPLE_OUTPUT", "-h, --help", "Exit codes:", "64", "Examples:",
        ] { #expect(text.contains(part), "\(part)") }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 72 })
        #expect(try #require(sampleTable.help(for: [])).contains("  backup  Work with backups"))
        #expect(sampleTable.help(for: ["nothing"]) == nil)
    }

    @Test("every man page passes groff without a warning and keeps odd characters", .enabled(if: ProgramRun.find("groff") != nil, "groff is not installed"))
    func manPages() async throws {
        #expect(sampleTable.manPages.map(\.fileName) == ["sample.1", "sample-backup.1", "sample-backup-start.1", "sample-backup-list.1", "sample-exec.1"])
        for page in sampleTable.manPages {
            let outcome = try await ProgramRun.run(ProgramRun.find("groff")!, ["-man", "-ww", "-Tascii", "-P-cbou"], input: page.source)
            #expect(outcome.code == 0)
            #expect(outcome.errors == "", "\(page.fileName)")
            if page.fileName == "sample.1" {
                for part in [".A line that begins with a dot.", "A back\\slash, and 'quotes'.", "--output FORMAT", "sample-backup(1)"] {
                    #expect(outcome.output.contains(part), "\(part)")
                }
            }
        }
    }

    private static let questions: [(line: [String], offered: [String], absent: [String])] = [
        (["ba"], ["backup"], ["exec"]),
        (["backup", ""], ["start", "list"], ["exec"]),
        (["-o", "json", "backup", "st"], ["start"], ["list"]),
        (["-o", "backup", ""], ["backup", "exec"], ["start"]),
        (["backup", "start", "--st"], ["--store"], ["--tag"]),
        (["backup", "list", "--output", ""], ["text", "json"], ["complete"]),
        (["backup", "list", ""], ["complete", "failed"], ["start"]),
        (["backup", "start", "--"], ["--keep", "--verbose", "--help"], ["start"]),
    ]

    @Test("bash offers what fits at the cursor", .enabled(if: ProgramRun.find("bash") != nil, "bash is not installed"))
    func bash() async throws {
        let folder = try ScratchFolder()
        let script = try folder.write(sampleTable.completions(.bash), to: "sample.bash")
        let bash = try #require(ProgramRun.find("bash"))
        for question in Self.questions {
            let words = (["sample"] + question.line).map { "'\($0)'" }.joined(separator: " ")
            let ask = "source '\(script)'; COMP_WORDS=(\(words)); COMP_CWORD=\(question.line.count); _sample; printf '%s\\n' \"${COMPREPLY[@]}\""
            try await check(ProgramRun.run(bash, ["--norc", "-c", ask]), question)
        }
        let attached = "source '\(script)'; COMP_WORDS=(sample backup list --output = j); COMP_CWORD=5; _sample; printf '%s\\n' \"${COMPREPLY[@]}\""
        try await check(ProgramRun.run(bash, ["--norc", "-c", attached]), (["--output=j"], ["json"], ["text"]))
        let after = "source '\(script)'; COMP_WORDS=(sample --output = json backup ''); COMP_CWORD=5; _sample; printf '%s\\n' \"${COMPREPLY[@]}\""
        try await check(ProgramRun.run(bash, ["--norc", "-c", after]), (["--output=json", "backup", ""], ["start", "list"], ["exec"]))
    }

    @Test("fish offers what fits at the cursor", .enabled(if: ProgramRun.find("fish") != nil, "fish is not installed"))
    func fish() async throws {
        let folder = try ScratchFolder()
        let script = try folder.write(sampleTable.completions(.fish), to: "sample.fish")
        for question in Self.questions {
            let line = (["sample"] + question.line).joined(separator: " ")
            try await check(ProgramRun.run(ProgramRun.find("fish")!, ["--no-config", "-c", "source '\(script)'; complete -C '\(line)'"]), question)
        }
    }

    /// zsh completes only on a terminal, which its own `zpty` is. A `compadd` of ours writes down what is offered.
    @Test("zsh offers what fits at the cursor", .enabled(if: ProgramRun.find("zsh") != nil, "zsh is not installed"))
    func zsh() async throws {
        let folder = try ScratchFolder()
        let zsh = try #require(ProgramRun.find("zsh"))
        _ = try folder.write(sampleTable.completions(.zsh), to: "_sample")
        let shell = try folder.write(
            """
            fpath=(\(folder.path) $fpath)
            autoload -Uz compinit && compinit -u -D
            compadd() {
                if [[ "$*" == *-[AOD]\\ * ]]; then builtin compadd "$@"; return; fi
                local -a offered
                builtin compadd -A offered "$@"
                print -rl -- $offered >> \(folder.path)/answer
                builtin compadd "$@"
            }
            comppostfuncs=(noteEnd)
            noteEnd() { print -r -- END >> \(folder.path)/answer }
            bindkey '^X' list-choices

            """, to: "shell.zsh")
        let driver = try folder.write(
            """
            zmodload zsh/zpty
            zpty terminal \(zsh) -f -i
            zpty -w terminal "source \(shell)"
            zpty -w -n terminal "sample $1"$'\\x18'
            for i in {1..1000}; do
                zpty -r -t terminal seen
                [[ -e \(folder.path)/answer ]] && grep -q END \(folder.path)/answer && break
                sleep 0.02
            done
            zpty -d terminal
            cat \(folder.path)/answer
            rm \(folder.path)/answer
            """, to: "driver.zsh")
        for question in Self.questions { try await check(ProgramRun.run(zsh, ["-f", driver, question.line.joined(separator: " ")]), question) }
    }

    private func check(_ outcome: ProgramRun.Outcome, _ question: (line: [String], offered: [String], absent: [String])) throws {
        // fish and zsh may put a description behind the word, zsh an equals sign.
        let words = outcome.output.split(separator: "\n").compactMap { $0.split { " \t=:".contains($0) }.first.map(String.init) }
        for word in question.offered { #expect(words.contains(word), "\(question.line) did not offer \(word): \(outcome)") }
        for word in question.absent { #expect(!words.contains(word), "\(question.line) offered \(word)") }
        #expect(outcome.errors == "")
    }
}
