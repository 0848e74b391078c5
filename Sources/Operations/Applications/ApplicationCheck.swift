import BackupModel
import Catalog

/// Refuses settings of an application that cannot work, before anything is kept.
enum ApplicationCheck {
    static func check(_ settings: ApplicationSettings) throws {
        guard !settings.targets.isEmpty || !settings.services.isEmpty else {
            throw bad("an application needs at least one instance", "--target HOST:PORT for each, or --srv NAME")
        }
        guard settings.targets.count <= 1000 else { throw bad("\(settings.targets.count) instances; up to 1000 are possible", nil) }
        // Like a host's name, but for the underscore in front: _scalar-admin._tcp.example.com.
        for service in settings.services { _ = try HostAddress(service.hasPrefix("_") ? String(service.dropFirst()) : service) }
        if let authority = settings.authority { _ = try HostAddress(authority) }
        if !settings.tls, settings.caFile != nil { throw bad("a file of authorities says nothing without TLS", "add --tls") }
        if let file = settings.caFile, !file.hasPrefix("/") { throw bad("the file of authorities '\(file)' is not an absolute path", "give the path on the master") }
        try range(settings.drainSeconds, 1...600, "drain time")
        try range(settings.windowSeconds, 1...3600, "window")
        try range(settings.callSeconds, 1...60, "time of a call")
        guard (0...60_000).contains(settings.clockAllowanceMilliseconds) else { throw bad("a clock allowance of \(settings.clockAllowanceMilliseconds) ms; up to a minute is possible", nil) }
    }

    private static func range(_ seconds: Int, _ range: ClosedRange<Int>, _ name: String) throws {
        guard range.contains(seconds) else { throw bad("a \(name) of \(seconds) s; \(range.lowerBound) to \(range.upperBound) are possible", nil) }
    }

    private static func bad(_ summary: String, _ hint: String?) -> Failure { Failure("pause.bad-settings", summary, hint: hint) }
}
