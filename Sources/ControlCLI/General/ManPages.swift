import BackupModel
import CommandParser
#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Command {
    static let man = Command(
        "man", "Print a man page, or write all of them into a folder", options: [.value("directory", as: "DIR", type: .path, help: "write every page there, made if need be")],
        operands: [OperandSpec("command", required: false, repeats: true, help: "the command whose page is printed, as in 'backup start'")],
        examples: [CommandExample("aeneas man backup start | man -l -", "Read a page"), CommandExample("aeneas man --directory /usr/local/share/man/man1", "Install all")]
    ) { context in
        if let directory = context.invocation.value("directory") {
            try writePages(context.table.manPages, into: directory)
        } else {
            let path = context.invocation.operands("command")
            guard let page = context.table.manPage(path) else { throw UsageFault("there is no command \(quoted(path.joined(separator: " ")))") }
            context.console.write(page)
        }
        return .done
    }

    private static func writePages(_ pages: [(fileName: String, source: String)], into directory: String) throws {
        let folder = URL(fileURLWithPath: directory)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for page in pages { try Data(page.source.utf8).write(to: folder.appendingPathComponent(page.fileName)) }
        } catch {
            throw Failure("control.unwritable", "unable to write man pages into \(quoted(directory))", hint: "may you write there?")
        }
    }
}
