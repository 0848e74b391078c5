import AgentCore
import BackupModel
import CassandraNode
import Glibc
import ObjectStore
import ObjectStoreDrivers

@main
struct Agent {
    static func main() {
        let parts = AgentParts(version: ProductVersion.current, openStore: { try openStore($0) }, openNode: { CassandraOverJMX(access: $0) })
        exit(AgentMain(parts).run(Array(CommandLine.arguments.dropFirst())))
    }
}
