import Foundation

private let life = Pipe()

/// Runs `COMMAND down FOLDER` when this process ends, however it ends: by a child that waits for the end of its stdin.
func takeDownAfterUs(_ command: String, _ folder: String) throws {
    let down = Process()
    down.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
    down.arguments = ["sh", "-c", "read -r nothing; exec \"$0\" down \"$1\"", command, folder]
    down.standardInput = life
    down.standardOutput = FileHandle.nullDevice
    down.standardError = FileHandle.nullDevice
    try down.run()
}
