import ControlAPI

extension Command {
    private struct Versions: Encodable {
        var aeneas: String
        var aeneasd: HealthBody?
    }

    static let version = Command("version", "Show the versions of aeneas and of the master, if it answers") { context in
        let health = try? context.client.get("/health", as: HealthBody.self, seconds: 5)
        context.show(Versions(aeneas: context.version, aeneasd: health)) {
            let master = health.map { "\($0.version.plain), up since \($0.started.text), \(Amount.count($0.runningRuns, "run")) in work" } ?? "does not answer"
            return "aeneas \(context.version)\naeneasd \(master)\n"
        }
        return .done
    }
}
