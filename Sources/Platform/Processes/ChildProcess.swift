package import Glibc

/// What a started program has under one of its descriptors.
package enum ProcessFile: Hashable, Sendable {
    /// Reads nothing, swallows what is written.
    case devNull
    /// One of this process's own, which stays open here.
    case descriptor(Int32)
    /// Made with mode 0600 where there is none; never through a symbolic link.
    case appending(String)
    /// The same number as here.
    case inherited
}

package enum ChildProcess {
    /// Starts a program with those descriptors and no others (0, 1 and 2 are `/dev/null` unless they are named), and with signals as they are by default.
    ///
    /// - Parameters:
    ///   - program: With a '/' a path, otherwise looked for in PATH.
    ///   - arguments: The first is the program's name for itself.
    ///   - environment: `NAME=VALUE`; nil: as here.
    ///   - ownGroup: It leads a process group, which has its pid as number.
    ///   - ownSession: Away from the caller's terminal and login; leads a process group too.
    /// - Throws: `.noProgram`, `.unusableWord`, `.notStartable`.
    package static func start(
        _ program: String, _ arguments: [String], environment: [String]? = nil, files: [(Int32, ProcessFile)], ownGroup: Bool = false, ownSession: Bool = false
    ) throws(ProcessError) -> pid_t {
        guard !program.isEmpty else { throw .noProgram }
        for word in [program] + arguments + (environment ?? []) where word.utf8.contains(0) { throw .unusableWord(word) }
        var actions = FileActions(), attributes = posix_spawnattr_t()
        defer { actions.end() }
        for (descriptor, file) in files { try actions.add(descriptor, file, for: program) }
        actions.closeOthers()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        set(&attributes, ownGroup: ownGroup, ownSession: ownSession)
        var argv = cStrings(arguments), envp = environment.map { cStrings($0) }
        defer { for word in argv + (envp ?? []) { free(word) } }
        var pid: pid_t = 0
        let code =
            envp == nil
            ? posix_spawnp(&pid, program, &actions.value, &attributes, &argv, environ) : posix_spawnp(&pid, program, &actions.value, &attributes, &argv, &envp!)
        guard code == 0 else { throw .notStartable(program: program, reason: systemWords(code)) }
        return pid
    }

    /// What this process has, with those in place of any of the same name.
    ///
    /// - Parameter added: `NAME=VALUE`.
    package static func environment(with added: [String]) -> [String] {
        func name(_ entry: some StringProtocol) -> String { String(entry.prefix { $0 != "=" }) }
        let names = Set(added.map { name($0) })
        var inherited: [String] = [], at = environ
        while let entry = at.pointee {
            inherited.append(String(cString: entry))
            at += 1
        }
        return inherited.filter { !names.contains(name($0)) } + added
    }

    /// Where `program` would be run from: itself when it has a '/', otherwise the first of PATH's folders that has it. Nil when no such file may be run.
    package static func find(_ program: String) -> String? {
        guard !program.isEmpty, !program.utf8.contains(0) else { return nil }
        if program.contains("/") { return isRunnable(program) ? program : nil }
        let folders = getenv("PATH").map { String(cString: $0) } ?? "/bin:/usr/bin"
        // An empty one is the working folder, as for execvp.
        return folders.split(separator: ":", omittingEmptySubsequences: false).map { "\($0.isEmpty ? "." : $0)/\(program)" }.first(where: isRunnable)
    }

    private static func isRunnable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    private static func set(_ attributes: inout posix_spawnattr_t, ownGroup: Bool, ownSession: Bool) {
        var none = sigset_t(), all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // 0x80 is POSIX_SPAWN_SETSID, which glibc shows to GNU sources only. A session's leader leads a group already, and may not ask for one.
        let group: Int32 = ownSession ? 0x80 : ownGroup ? Int32(POSIX_SPAWN_SETPGROUP) : 0
        posix_spawnattr_setflags(&attributes, Int16(Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | group))
    }

    private static func cStrings(_ words: [String]) -> [UnsafeMutablePointer<CChar>?] { words.map { strdup($0) } + [nil] }
}

/// What `errno` means.
func systemWords(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
