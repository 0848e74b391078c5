import Glibc

/// Calls of the C library that Swift's `Glibc` does not show: two are for GNU sources only there, one is variadic. Looked up by name.
enum LibC {
    /// Everything written to the file system of `descriptor` so far is on the disk when this returns 0.
    static func syncfs(_ descriptor: Int32) -> Int32 {
        guard let symbol = dlsym(nil, "syncfs") else { return fsync(descriptor) }
        return unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)(descriptor)
    }

    /// From now on the process leaves no core dump, and no other process of its user reads its memory.
    static func forbidDumps() {
        // Where this runs, a variadic function takes integers as any other does.
        typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
        guard let symbol = dlsym(nil, "prctl") else { return }
        let setDumpable: Int32 = 4
        _ = unsafeBitCast(symbol, to: Prctl.self)(setDumpable, 0, 0, 0, 0)
    }

    /// Both ends are closed in programs started from here.
    static func pipe(for what: String) throws(SystemError) -> (reading: OpenFile, writing: OpenFile) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError("make a pipe for", what) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (OpenFile(taking: ends[0], path: what), OpenFile(taking: ends[1], path: what))
    }
}
