import BackupModel
import Glibc

/// The Java process of Cassandra, as its runtime MBean describes it.
struct JavaProcess {
    let pid: Int?
    let properties: [String: String]
    let classPath: [String]

    init(_ runtime: Attributes) throws(NodeError) {
        pid = try runtime.text("Name").split(separator: "@").first.flatMap { Int($0) }
        properties = try runtime.table("SystemProperties")
        classPath = try runtime.text("ClassPath").split(separator: ":").map(String.init)
    }

    func configuration() throws(NodeError) -> CassandraConfiguration {
        // 4.1 and 5.0 take them only where they are told to.
        let prefix = "cassandra.settings."
        let isHeard = properties["cassandra.config.allow_system_properties"]?.lowercased() == "true"
        let overrides = properties.filter { isHeard && $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) }
        let storage = properties["cassandra.storagedir"].map(absolute)
        return try .read(try configurationPath(), storageFolder: storage, overrides: Dictionary(overrides) { first, _ in first })
    }

    /// As Cassandra looks for it: `cassandra.config`, a URL or a name on the class path; without it `cassandra.yaml` on the class path.
    private func configurationPath() throws(NodeError) -> String {
        let stated = properties["cassandra.config"] ?? "cassandra.yaml"
        if let path = filePath(ofURL: stated) { return path }
        if stated.hasPrefix("/") { return stated }
        guard !stated.contains("://"), let folder = classPath.map(absolute).first(where: { access("\($0)/\(stated)", F_OK) == 0 }) else {
            throw .configurationNotFound(pid: pid)
        }
        return "\(folder)/\(stated)"
    }

    /// `path` from the process's working folder on; as it is when that may not be seen.
    func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let pid, let folder = ProcessTable.workingFolder(of: pid) else { return path }
        return "\(folder)/\(path)"
    }

    /// Who the process is, or where it cannot be seen who owns the first of `folders`.
    func owner(fallback folders: [String]) -> NodeFolders.Owner? {
        if let pid, let owner = ProcessTable.owner(of: pid) { return NodeFolders.Owner(uid: owner.uid, gid: owner.gid) }
        var status = stat()
        guard let folder = folders.first, stat(folder, &status) == 0 else { return nil }
        return NodeFolders.Owner(uid: Int(status.st_uid), gid: Int(status.st_gid))
    }

    /// `/etc/cassandra/cassandra.yaml` of `file:///etc/cassandra/cassandra.yaml`, `file:/…` and with `%20`; nil for anything else.
    private func filePath(ofURL text: String) -> String? {
        guard text.hasPrefix("file:") else { return nil }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8.dropFirst(5))[...]
        if rest.starts(with: "///".utf8) { rest = rest.dropFirst(2) }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes.first == UInt8(ascii: "/") ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
