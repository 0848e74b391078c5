import BackupModel
import ControlAPI

/// A pause as the REST interface answers it, and with it the middle of its window: the moment to name to a point-in-time restore.
struct WindowTimes: Encodable {
    private enum Keys: CodingKey { case middle }

    let pause: PauseBody

    init(_ pause: PauseBody) { self.pause = pause }

    func encode(to encoder: any Encoder) throws {
        try pause.encode(to: encoder)
        var values = encoder.container(keyedBy: Keys.self)
        try values.encodeIfPresent(pause.window?.middle, forKey: .middle)
    }
}

extension PauseWindow {
    var middle: Timestamp { Timestamp(milliseconds: started.milliseconds + (ended.milliseconds - started.milliseconds) / 2) }
}
