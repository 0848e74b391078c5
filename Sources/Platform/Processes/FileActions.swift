import Glibc

/// What happens to the descriptors of a program between its making and its first instruction.
struct FileActions {
    var value = posix_spawn_file_actions_t()
    private var named: Set<Int32> = []
    private var copies: [Int32] = []

    init() { posix_spawn_file_actions_init(&value) }

    mutating func add(_ descriptor: Int32, _ file: ProcessFile, for program: String) throws(ProcessError) {
        named.insert(descriptor)
        switch file {
        case .inherited: posix_spawn_file_actions_adddup2(&value, descriptor, descriptor)
        case .devNull: addNull(descriptor)
        case .descriptor(let from):
            // A copy far above all that are given out here: an earlier action may have replaced the one that was named.
            let copy = fcntl(from, F_DUPFD_CLOEXEC, 100)
            guard copy >= 0 else { throw .notStartable(program: program, reason: systemWords(errno)) }
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&value, copy, descriptor)
        case .appending(let path): posix_spawn_file_actions_addopen(&value, descriptor, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
        }
    }

    private mutating func addNull(_ descriptor: Int32) { posix_spawn_file_actions_addopen(&value, descriptor, "/dev/null", O_RDWR, 0) }

    /// Once all are named. Not every library opens its descriptors so that they end with the program: a listening socket of ours must not live on in another
    /// process.
    mutating func closeOthers() {
        let greatest = max(named.max() ?? 0, 2)
        for descriptor in 0...greatest where !named.contains(descriptor) {
            if descriptor <= 2 { addNull(descriptor) } else { posix_spawn_file_actions_addclose(&value, descriptor) }
        }
        // Swift's `Glibc` does not show it: it is for GNU sources.
        typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
        _ = unsafeBitCast(symbol, to: CloseFrom.self)(&value, greatest + 1)
    }

    mutating func end() {
        posix_spawn_file_actions_destroy(&value)
        for copy in copies { close(copy) }
    }
}
