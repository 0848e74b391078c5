package import BackupModel

/// `POST /v1/applications`.
package struct ApplicationAddBody: Codable, Hashable, Sendable {
    package var name: ApplicationName
    package var settings: ApplicationSettingsBody
    package init(name: ApplicationName, settings: ApplicationSettingsBody) {
        self.name = name
        self.settings = settings
    }
}

package struct ApplicationBody: Codable, Hashable, Sendable {
    package var name: ApplicationName
    /// With everything that has a default filled in.
    package var settings: ApplicationSettingsBody
    package var created: Timestamp
    package init(name: ApplicationName, settings: ApplicationSettingsBody, created: Timestamp) {
        self.name = name
        self.settings = settings
        self.created = created
    }
}

/// How an application's instances are reached and for how long they may be paused; what is nil has the default that `aeneas application add --help` names.
package struct ApplicationSettingsBody: Codable, Hashable, Sendable {
    package var targets: [PauseTarget]?
    /// Names of SRV records.
    package var services: [String]?
    package var tls: Bool?
    /// Path on the master.
    package var caFile: String?
    /// The name that the certificates bear.
    package var authority: String?
    package var drainSeconds: Int?
    package var windowSeconds: Int?
    package var callSeconds: Int?
    package var clockAllowanceMilliseconds: Int?
    package var allowUnverified: Bool?
    package var requireNodeGuardian: Bool?

    package init() {}
}

/// What every instance answered just now.
package struct ApplicationStatusBody: Codable, Hashable, Sendable {
    package struct Target: Codable, Hashable, Sendable {
        package var target: PauseTarget
        /// `open`, `paused`, `unverifiable`, `unreachable`.
        package var state: String
        package var detail: String?
        package init(target: PauseTarget, state: String, detail: String?) {
            self.target = target
            self.state = state
            self.detail = detail
        }
    }

    package var name: ApplicationName
    package var targets: [Target]
    package var openPauses: [PauseBody]

    package init(name: ApplicationName, targets: [Target], openPauses: [PauseBody]) {
        self.name = name
        self.targets = targets
        self.openPauses = openPauses
    }
}
