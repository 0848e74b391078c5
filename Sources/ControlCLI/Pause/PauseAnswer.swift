import BackupModel
import ControlAPI

enum PauseAnswer {
    /// nil while it does not stand in the catalogue, where it comes once everything was checked.
    static func pause(_ id: PauseID, _ client: ControlClient, seconds: Int = 60) throws -> PauseBody? {
        do {
            return try client.get("/pauses/\(id)", as: PauseBody.self, seconds: seconds)
        } catch ControlError.refused(let failure, _, _) where failure.code == "catalog.unknown-pause" {
            return nil
        }
    }
}
