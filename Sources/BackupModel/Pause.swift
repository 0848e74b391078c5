/// One instance of an application: where its scalar-admin service listens. Text form `host:port`, IPv6 literals as `[::1]:60053`.
package struct PauseTarget: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
    package var host: HostAddress
    package var port: Int

    package init(host: HostAddress, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Throws: `NameError`, also for a port that is none.
    package init(_ text: String) throws(NameError) {
        let failure = NameError(noun: "target (host:port)", text: text)
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port) else { throw failure }
        var name = text[..<colon]
        if name.first == "[" || name.last == "]" {
            guard name.first == "[", name.last == "]", name.contains(":") else { throw failure }
            name = name.dropFirst().dropLast()
        } else if name.contains(":") {
            throw failure
        }
        guard let host = HostAddress(rawValue: String(name)) else { throw failure }
        self.init(host: host, port: port)
    }

    package var description: String { host.rawValue.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    package static func < (left: PauseTarget, right: PauseTarget) -> Bool { (left.host.rawValue, left.port) < (right.host.rawValue, right.port) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer(), text = try container.decode(String.self)
        do { try self.init(text) } catch { throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description) }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The instances of one application as they were resolved once, and how they are reached. Holds no secret: scalar-admin knows no authentication.
package struct PauseAccess: Codable, Hashable, Sendable {
    /// Sorted, each once, never empty.
    package var targets: [PauseTarget]
    package var tls: PauseTLS?
    /// Of connecting, and of a call that answers at once (CheckPaused, Unpause).
    package var callSeconds: Int

    package init(targets: [PauseTarget], tls: PauseTLS? = nil, callSeconds: Int = 5) {
        self.targets = Array(Set(targets)).sorted()
        self.tls = tls
        self.callSeconds = callSeconds
    }
}

package struct PauseTLS: Codable, Hashable, Sendable {
    /// PEM text of the authorities to trust; nil: the system's.
    package var caPEM: String?
    /// The name that the certificates bear and that is sent as `:authority`; nil: the target's own.
    package var authority: String?
    package init(caPEM: String? = nil, authority: String? = nil) {
        self.caPEM = caPEM
        self.authority = authority
    }
}

/// The work of a guardian: to see to it that nothing stays paused when its master falls silent or the deadline passes.
package struct GuardWork: Codable, Hashable, Sendable {
    package var pause: PauseID
    /// For messages.
    package var application: ApplicationName
    package var access: PauseAccess
    /// From the guardian's own start, by its own monotonic clock.
    package var deadlineSeconds: Int

    package init(pause: PauseID, application: ApplicationName, access: PauseAccess, deadlineSeconds: Int) {
        self.pause = pause
        self.application = application
        self.access = access
        self.deadlineSeconds = deadlineSeconds
    }
}

package struct GuardResult: Codable, Hashable, Sendable {
    /// `released`, `master-silent`, `deadline`, `stopped`.
    package var reason: String
    /// Targets that it sent Unpause, and that are proven open: when the master is silent or the deadline has passed, without asking first.
    package var unpaused: [PauseTarget]
    package init(reason: String, unpaused: [PauseTarget]) {
        self.reason = reason
        self.unpaused = unpaused
    }
}

/// One call of scalar-admin as it was made and answered.
package struct PauseCall: Codable, Hashable, Sendable {
    package enum Name: String, Codable, Sendable { case pause, unpause, checkPaused = "check-paused" }
    package var target: PauseTarget
    package var name: Name
    /// Since the pause's first call, by the monotonic clock.
    package var sentMicroseconds: Int
    package var tookMicroseconds: Int
    /// `ok`, `paused`, `open`, `unimplemented`, or the error in short: `UNAVAILABLE: …`.
    package var outcome: String

    package init(target: PauseTarget, name: Name, sentMicroseconds: Int, tookMicroseconds: Int, outcome: String) {
        self.target = target
        self.name = name
        self.sentMicroseconds = sentMicroseconds
        self.tookMicroseconds = tookMicroseconds
        self.outcome = outcome
    }
}

/// Why a window does not prove what it should: each a reason by itself to call what was made in it not consistent.
package struct PauseDoubt: Codable, Hashable, Sendable, CustomStringConvertible {
    /// As `Failure.code`: `pause.target-restarted`.
    package var code: String
    package var text: String
    package init(_ code: String, _ text: String) {
        self.code = code
        self.text = text
    }
    package var description: String { text }
}

/// What one pause of an application proves, and what it does not: part of `backup.json`, and of the catalogue.
///
/// The window begins when the last Pause was answered and ends before the first Unpause is sent: within it no transaction of the application was under way.
package struct PauseWindow: Codable, Hashable, Sendable {
    package var pause: PauseID
    package var application: ApplicationName
    package var targets: [PauseTarget]
    package var started: Timestamp
    package var ended: Timestamp
    /// By the monotonic clock.
    package var windowMicroseconds: Int
    /// From the first Pause sent to the last target that was proven open again: for so long the application may have refused work.
    package var outageMicroseconds: Int
    /// The window less the clocks' allowance at both ends, for point-in-time restores by another machine's clock; nil when it is too short for that.
    package var safe: TimeSpan?
    package var calls: [PauseCall]
    package var nodes: [NodeInWindow]
    /// Targets that cannot say whether they are paused, allowed by setting.
    package var unverified: [PauseTarget]
    package var doubts: [PauseDoubt]

    package init(
        pause: PauseID, application: ApplicationName, targets: [PauseTarget], started: Timestamp, ended: Timestamp, windowMicroseconds: Int, outageMicroseconds: Int,
        safe: TimeSpan?, calls: [PauseCall], nodes: [NodeInWindow], unverified: [PauseTarget], doubts: [PauseDoubt]
    ) {
        self.pause = pause
        self.application = application
        self.targets = targets
        self.started = started
        self.ended = ended
        self.windowMicroseconds = windowMicroseconds
        self.outageMicroseconds = outageMicroseconds
        self.safe = safe
        self.calls = calls
        self.nodes = nodes
        self.unverified = unverified
        self.doubts = doubts
    }

    /// Fails closed: a single doubt is enough.
    package var isConsistent: Bool { doubts.isEmpty }
}

package struct TimeSpan: Codable, Hashable, Sendable {
    package var from: Timestamp
    package var to: Timestamp
    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }
}

/// One node's snapshot by the master's monotonic clock, since the window's start.
package struct NodeInWindow: Codable, Hashable, Sendable {
    package var hostID: HostID
    package var address: String
    package var sentMicroseconds: Int
    package var answeredMicroseconds: Int
    /// Of the call to Cassandra alone, by the node's clock.
    package var serverMicroseconds: Int?

    package init(hostID: HostID, address: String, sentMicroseconds: Int, answeredMicroseconds: Int, serverMicroseconds: Int?) {
        self.hostID = hostID
        self.address = address
        self.sentMicroseconds = sentMicroseconds
        self.answeredMicroseconds = answeredMicroseconds
        self.serverMicroseconds = serverMicroseconds
    }
}

/// What a command wrote inside the window, kept with the backup.
package struct BackupFile: Codable, Hashable, Sendable {
    package var name: FileName
    package var size: Int
    package var sha256: SHA256Hex
    /// Program and arguments, as they were run.
    package var command: [String]
    package var started: Timestamp
    package var ended: Timestamp

    package init(name: FileName, size: Int, sha256: SHA256Hex, command: [String], started: Timestamp, ended: Timestamp) {
        self.name = name
        self.size = size
        self.sha256 = sha256
        self.command = command
        self.started = started
        self.ended = ended
    }
}
