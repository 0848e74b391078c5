/// What an MBean sends to those that listen. Cassandra reports the progress of repairs so.
package struct JMXNotification: Hashable, Sendable {
    package let type: String
    /// Of a repair: `repair:` and its number.
    package let source: String
    package let message: String?
    package let sequenceNumber: Int
    package let userData: JavaValue
}

/// Fetching waits in the server and holds the connection meanwhile: give it one of its own.
extension JMXConnection {
    /// Listens to `mbean` from now on; with more than one, `fetchNotifications` brings them mixed.
    package func subscribe(to mbean: String) throws(JMXError) {
        if nextNotification == nil { _ = try fetch(from: -1, atMost: 0, wait: .zero) }
        _ = try call(.addNotificationListeners, "subscribing to '\(mbean)'", mbean: mbean) { writer in
            writer.objectNames(mbean)
            writer.arrayOfNull("[Ljava.rmi.MarshalledObject;")
            writer.arrayOfNull("[Ljavax.security.auth.Subject;")
        }
    }

    /// What came since the last call, oldest first; when nothing did, waits for it, at most `wait` (the server allows 120 s).
    ///
    /// The server keeps the last 1000 of all listeners. Those that were lost in between are not reported as such.
    package func fetchNotifications(wait: Duration) throws(JMXError) -> [JMXNotification] {
        guard nextNotification != nil else { return [] }
        return try fetch(from: nextNotification ?? -1, atMost: 100, wait: max(.zero, min(wait, .seconds(120))))
    }

    private func fetch(from sequence: Int64, atMost count: Int32, wait: Duration) throws(JMXError) -> [JMXNotification] {
        var primitives: [UInt8] = []
        primitives.appendBigEndian(sequence)
        primitives.appendBigEndian(count)
        primitives.appendBigEndian(wait.components.seconds * 1000 + wait.components.attoseconds / 1_000_000_000_000_000)
        let answer = try call(.fetchNotifications, "fetching notifications", timeout: timeout + wait, primitives: primitives) { _ in }
        let result = try answer.object(of: "the result of fetching notifications")
        nextNotification = Int64(try result["nextSequenceNumber"].int(of: "the next notification's number"))
        var notifications: [JMXNotification] = []
        for item in try result["targetedNotifications"].list(of: "the notifications") {
            let notification = try item.object(of: "a notification")["notif"].object(of: "a notification")
            notifications.append(try JMXNotification(notification))
        }
        return notifications
    }
}

extension JMXNotification {
    fileprivate init(_ object: JavaObject) throws(JMXError) {
        type = try object["type"].string(of: "a notification's type")
        sequenceNumber = try object["sequenceNumber"].int(of: "a notification's number")
        userData = object["userData"]
        if case .string(let text) = object["message"] { message = text } else { message = nil }
        switch object["source"] {
        case .string(let text), .objectName(let text): source = text
        case let other: source = other.kind
        }
    }
}
