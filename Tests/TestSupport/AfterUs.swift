import Foundation
import Synchronization

/// What is still to be waited for, one pipe a child: `Process` closes the reading end here once its child has it, so that one pipe serves one child only.
private let lives = Mutex<[Pipe]>([])

/// Runs `COMMAND down FOLDER` when this process ends, however it ends: by a child that waits for the end of its stdin.
func takeDownAfterUs(_ command: String, _ folder: String) throws {
    let down = Process(), life = Pipe()
    down.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
    down.arguments = ["sh", "-c", "read -r nothing; exec \"$0\" down \"$1\"", command, folder]
    down.standardInput = life
    down.standardOutput = FileHandle.nullDevice
    down.standardError = FileHandle.nullDevice
    try down.run()
    lives.withLock { $0.append(life) }
}
