package import BackupModel

/// A named set of instances that are paused together.
package struct ApplicationRecord: Codable, Hashable, Sendable {
    package var name: ApplicationName
    package var settings: ApplicationSettings
    package var createdAt: Timestamp

    package init(name: ApplicationName, settings: ApplicationSettings, createdAt: Timestamp) {
        self.name = name
        self.settings = settings
        self.createdAt = createdAt
    }
}

/// Where an application's instances are, how they are reached, and how long they may be paused. What JSON leaves out has the default.
package struct ApplicationSettings: Codable, Hashable, Sendable {
    package var targets: [PauseTarget]
    /// Names of SRV records, resolved anew at the beginning of each pause.
    package var services: [String]
    package var tls: Bool
    /// On the master: the authorities to trust; nil: the system's own.
    package var caFile: String?
    /// The name that the certificates bear; nil: the target's own.
    package var authority: String?
    /// How long a target may take to finish the transactions under way.
    package var drainSeconds: Int
    /// The longest that the window may be.
    package var windowSeconds: Int
    /// Of connecting, and of a call that answers at once.
    package var callSeconds: Int
    /// By how much the clocks of master and other machines may differ: taken off both ends of the window.
    package var clockAllowanceMilliseconds: Int
    /// Whether targets that cannot say whether they are paused are taken.
    package var allowUnverified: Bool
    /// Whether there must be a guardian on a node too, not only the one beside the master.
    package var requireNodeGuardian: Bool

    package init(
        targets: [PauseTarget] = [], services: [String] = [], tls: Bool = false, caFile: String? = nil, authority: String? = nil, drainSeconds: Int = 30,
        windowSeconds: Int = 30, callSeconds: Int = 5, clockAllowanceMilliseconds: Int = 500, allowUnverified: Bool = false, requireNodeGuardian: Bool = false
    ) {
        self.targets = targets
        self.services = services
        self.tls = tls
        self.caFile = caFile
        self.authority = authority
        self.drainSeconds = drainSeconds
        self.windowSeconds = windowSeconds
        self.callSeconds = callSeconds
        self.clockAllowanceMilliseconds = clockAllowanceMilliseconds
        self.allowUnverified = allowUnverified
        self.requireNodeGuardian = requireNodeGuardian
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        targets = try values.decodeIfPresent([PauseTarget].self, forKey: .targets) ?? targets
        services = try values.decodeIfPresent([String].self, forKey: .services) ?? services
        tls = try values.decodeIfPresent(Bool.self, forKey: .tls) ?? tls
        caFile = try values.decodeIfPresent(String.self, forKey: .caFile)
        authority = try values.decodeIfPresent(String.self, forKey: .authority)
        drainSeconds = try values.decodeIfPresent(Int.self, forKey: .drainSeconds) ?? drainSeconds
        windowSeconds = try values.decodeIfPresent(Int.self, forKey: .windowSeconds) ?? windowSeconds
        callSeconds = try values.decodeIfPresent(Int.self, forKey: .callSeconds) ?? callSeconds
        clockAllowanceMilliseconds = try values.decodeIfPresent(Int.self, forKey: .clockAllowanceMilliseconds) ?? clockAllowanceMilliseconds
        allowUnverified = try values.decodeIfPresent(Bool.self, forKey: .allowUnverified) ?? allowUnverified
        requireNodeGuardian = try values.decodeIfPresent(Bool.self, forKey: .requireNodeGuardian) ?? requireNodeGuardian
    }
}
