import Glibc

/// Where the bytes of one manifest line lie on the disk: a hundred thousand of them would not fit into an agent's memory.
struct LineSpot: Sendable {
    let file: OpenFile
    let offset: Int
    let length: Int

    func bytes() throws(SystemError) -> [UInt8] { try file.read(at: offset, count: length) }
}

/// A temporary file without a name that manifest lines are unpacked to.
final class UnpackedLines {
    let file: OpenFile
    private var offset = 0
    private var pending: [UInt8] = []

    init(in folder: String) throws(SystemError) {
        let path = folder + "/lines"
        try Disk.remove(path)
        file = try OpenFile(path, O_RDWR | O_CREAT | O_EXCL)
        try Disk.remove(path)
    }

    func add(_ line: ArraySlice<UInt8>) throws(SystemError) -> LineSpot {
        defer { offset += line.count }
        pending += line
        if pending.count > 256 << 10 { try flush() }
        return LineSpot(file: file, offset: offset, length: line.count)
    }

    /// To be called before the first spot is read.
    func flush() throws(SystemError) {
        try file.write(pending)
        pending.removeAll(keepingCapacity: true)
    }
}
