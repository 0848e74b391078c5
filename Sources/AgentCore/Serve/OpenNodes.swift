import BackupModel
import CassandraNode

/// Connections to Cassandra that stay open between the requests of one conversation: an application that is held still for a snapshot does not wait for one to
/// be made.
///
/// Used by one thread.
final class OpenNodes {
    private let open: (NodeAccess) throws -> any LocalNode
    private var nodes: [NodeAccess: any LocalNode] = [:]

    init(_ open: @escaping (NodeAccess) throws -> any LocalNode) { self.open = open }

    deinit { for node in nodes.values { node.close() } }

    /// The node of an earlier call, unless that one failed: then whatever it was about, nothing of it is used again.
    func with<Value>(_ access: NodeAccess, _ body: (any LocalNode) throws -> Value) throws -> Value {
        let node = try nodes[access] ?? open(access)
        nodes[access] = node
        do {
            return try body(node)
        } catch {
            nodes[access] = nil
            node.close()
            throw error
        }
    }
}
