package import BackupModel
import Crypto
import JMX

/// The Cassandra beside the agent, over one connection that is made at the first call and made anew when it has ended.
package final class CassandraOverJMX: LocalNode {
    static let storageService = "org.apache.cassandra.db:type=StorageService"

    private let access: NodeAccess
    private let timeout: Duration
    private var connection: JMXConnection?

    /// - Parameter timeout: Of connecting, and of each call that is quick by nature.
    package init(access: NodeAccess, timeout: Duration = .seconds(20)) {
        self.access = access
        self.timeout = timeout
    }

    package func close() {
        connection?.close()
        connection = nil
    }

    package func mode() throws(NodeError) -> String? {
        do throws(NodeError) {
            return try read { (jmx) throws(JMXError) in try jmx.getAttribute(Self.storageService, "OperationMode").string(of: "OperationMode") }
        } catch {
            switch error {
            case .unreachable, .notReady: return nil
            default: throw error
            }
        }
    }

    package func flush(keyspaces: [KeyspaceName]) throws(NodeError) {
        var names = keyspaces.map(\.rawValue)
        if names.isEmpty { names = try read { (jmx) throws(JMXError) in try jmx.getAttribute(Self.storageService, "Keyspaces").strings(of: "Keyspaces") } }
        guard !names.isEmpty else { return }
        try act { (jmx) throws(JMXError) in
            for name in names {
                _ = try jmx.invoke(Self.storageService, "forceKeyspaceFlush", arguments: [.string(name), .strings([])], timeout: .seconds(600))
            }
        }
    }

    package func takeSnapshot(tag: SnapshotTag, keyspaces: [KeyspaceName], skipFlush: Bool, timeoutSeconds: Int) throws(NodeError) -> Int {
        do throws(NodeError) {
            return try act { (jmx) throws(JMXError) in
                let arguments: [JavaArgument] = [.string(tag.rawValue), .map(["skipFlush": "\(skipFlush)"]), .strings(keyspaces.map(\.rawValue))]
                let asked = ContinuousClock.now
                _ = try jmx.invoke(Self.storageService, "takeSnapshot", arguments: arguments, timeout: .seconds(timeoutSeconds))
                return (ContinuousClock.now - asked).microseconds
            }
        } catch .remote(_, let words) {
            // 6.0 names the table too.
            if words.contains("Snapshot \(tag) "), words.contains("already exists") { throw .snapshotExists(tag) }
            throw .snapshotFailed(tag, words: words)
        }
    }

    package func clearSnapshot(tag: SnapshotTag) throws(NodeError) {
        _ = try act { (jmx) throws(JMXError) in
            try jmx.invoke(Self.storageService, "clearSnapshot", arguments: [.string(tag.rawValue), .strings([])], timeout: .seconds(300))
        }
    }

    func connect() throws(NodeError) -> JMXConnection {
        let credentials = access.jmxUser.map { (user: $0, password: access.jmxPassword ?? "") }
        let tls = access.tls.map { TLSOptions(caFile: $0.caFile) }
        do throws(JMXError) {
            return try JMXConnection(host: access.jmxHost, port: access.jmxPort, credentials: credentials, tls: tls, timeout: timeout)
        } catch {
            throw NodeError(error)
        }
    }

    /// A call that changes nothing: made once more, on a new connection, when the one in hand has ended.
    func read<Value>(_ body: (JMXConnection) throws(JMXError) -> Value) throws(NodeError) -> Value {
        if let connection, connection.isUsable {
            do throws(JMXError) {
                return try body(connection)
            } catch {
                switch error {
                case .expired, .broken: break
                default: throw NodeError(error)
                }
            }
        }
        connection?.close()
        let fresh = try connect()
        connection = fresh
        do throws(JMXError) {
            return try body(fresh)
        } catch {
            throw NodeError(error)
        }
    }

    /// A call that changes something: made once, since nobody knows of one that broke off whether it was carried out. The connection is tried before.
    func act<Value>(_ body: (JMXConnection) throws(JMXError) -> Value) throws(NodeError) -> Value {
        let connection = try read { (jmx) throws(JMXError) in
            try jmx.keepAlive()
            return jmx
        }
        do throws(JMXError) {
            return try body(connection)
        } catch {
            throw NodeError(error)
        }
    }
}

extension Duration {
    fileprivate var microseconds: Int { Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000) }
}
