import Dispatch
import Foundation
import TestSupport
import Testing

@testable import JMX

@Suite("Replies from the wire")
struct JavaReaderTests {
    /// The value of a recorded reply.
    private func value(_ reply: RecordedReply) throws -> JavaValue { try whole(reply.bytes) }

    @Test("what Cassandra sends is read as values")
    func recorded() throws {
        #expect(try value(.version) == .string("5.0.6"))
        #expect(try value(.live).strings(of: "LiveNodesWithPort") == ["127.0.7.1:7000"])
        let ring = try value(.ring).stringMap(of: "TokenToEndpointWithPortMap")
        #expect(Set(ring.keys) == ["-9223372036854775807", "-4611686018427387903", "1", "4611686018427387905"])
        #expect(Set(ring.values) == ["127.0.7.1:7000"])
        let tables = try value(.query).strings(of: "the tables")
        #expect(tables.contains("org.apache.cassandra.db:type=Tables,keyspace=system_auth,table=roles"))
    }

    @Test("rows of tabular data are maps")
    func tabular() throws {
        let snapshots = try value(.details).fields(of: "SnapshotDetails")
        #expect(snapshots.keys.sorted() == ["t1"])
        let rows = try #require(try snapshots["t1"]?.list(of: "the rows"))
        let roles = try rows.map { try $0.fields(of: "a row") }.first { $0["Column family name"] == .string("roles") }
        #expect(roles?["Keyspace name"] == .string("system_auth"))
        #expect(roles?["True size"] == .string("129 bytes"))
        #expect(roles?["Expiration time"] == .null)
    }

    @Test("the innermost exception of a chain is reported")
    func exceptions() throws {
        let failure = try #require(RemoteFailure(try value(.exists)))
        #expect(failure.outermost.javaClass == "javax.management.MBeanException")
        let error = failure.error(call: "takeSnapshot", mbean: nil, member: "takeSnapshot", isOperation: true)
        #expect(error == .remote(call: "takeSnapshot", javaClass: "java.io.IOException", message: "Snapshot t1 already exists."))
        #expect(error.description == "takeSnapshot failed: Snapshot t1 already exists. (java.io.IOException)")
    }

    @Test("a stub gives the port and the object's name")
    func stub() throws {
        let reference = try RemoteReference(stub: try value(.registry)) { .broken(call: "test", reason: $0) }
        #expect(reference.id.count == 22)
        #expect((1024...65535).contains(reference.port))
        #expect(!reference.wantsTLS)
    }

    @Test("a value of another kind names what was read and what came")
    func mismatch() {
        #expect(throws: JMXError.unexpectedValue(of: "LiveNodes", expected: "a list", met: "a map")) { try JavaValue.map([]).strings(of: "LiveNodes") }
        #expect(throws: JMXError.unexpectedValue(of: "an element of LiveNodes", expected: "a string", met: "null")) {
            try JavaValue.list([.null]).strings(of: "LiveNodes")
        }
    }

    @Test("lengths that are negative, or larger than a reply may be, are refused before anything is read")
    func lengths() {
        let array: [UInt8] = [0x75, 0x72, 0, 2] + Array("[B".utf8) + [UInt8](repeating: 0, count: 8) + [2, 0, 0, 0x78, 0x70]
        let negative: [UInt8] = [0x7c] + [UInt8](repeating: 0xff, count: 8)
        let large: [UInt8] = [0x7c, 0x7f] + [UInt8](repeating: 0xff, count: 7)
        for bytes in [negative, large, array + [0xff, 0xff, 0xff, 0xff], array + [0x7f, 0xff, 0xff, 0xff]] {
            let error = caught(JMXError.self) { try read(bytes) }
            #expect(error?.endsConnection == true)
        }
    }

    /// An object of a class that writes values beside its fields.
    private let opening: [UInt8] = [0x73, 0x72, 0, 1, 0x61] + [UInt8](repeating: 0, count: 8) + [1, 0, 0, 0x78, 0x70]

    @Test("nesting without end is refused, on a stack as small as the agent's threads have")
    func nesting() throws {
        let opening = opening
        let nestedInFields = [UInt8]((0..<100_000).map { _ in opening }.joined())
        let nestedInClasses = [UInt8]((0..<100_000).map { _ in [0x72, 0, 1, 0x61] + [UInt8](repeating: 0, count: 8) + [2, 0, 0, 0x78] as [UInt8] }.joined())
        for bytes in [nestedInFields, [0x73] + nestedInClasses, opening + referenceChain()] {
            let done = DispatchSemaphore(value: 0)
            let outcome = Outcome()
            let thread = Foundation.Thread {
                do { _ = try read(bytes) } catch { outcome.error = error as? JMXError }
                done.signal()
            }
            thread.stackSize = 1 << 20
            thread.start()
            done.wait()
            #expect(outcome.error == .broken(call: "a call", reason: "the reply is nested too deeply"))
        }
    }

    private final class Outcome: @unchecked Sendable { var error: JMXError? }

    /// Objects of the class at handle 0, each holding the one before by reference: flat on the wire, deep in memory.
    /// They lie one after the other in the object at handle 1.
    private func referenceChain() -> [UInt8] {
        var bytes: [UInt8] = [0x73, 0x71, 0, 0x7e, 0, 0, 0x78]  // handle 2, empty
        for index in 0..<100_000 {
            bytes += [0x73, 0x71, 0, 0x7e, 0, 0, 0x71]
            bytes.appendBigEndian(UInt32(0x7e_0000 + 2 + index))
            bytes.append(0x78)
        }
        return bytes + [0x78]
    }

    @Test("an endless reply ends at the limits of bytes and of values")
    func endless() {
        var limits = JavaReader.Limits()
        limits.bytes = 100_000
        let nulls = opening + [UInt8](repeating: 0x70, count: 200_000)
        #expect(throws: JMXError.broken(call: "a call", reason: "the reply is larger than this client accepts")) { try read(nulls, limits: limits) }
        limits.bytes = 1 << 20
        limits.values = 1000
        #expect(throws: JMXError.broken(call: "a call", reason: "the reply holds too many values")) { try read(nulls, limits: limits) }
    }

    @Test("an object that holds itself is read")
    func cycle() throws {
        let object = try read(opening + [0x71, 0, 0x7e, 0, 1, 0x78]).object(of: "it")
        #expect(object.extras["a"] == [.value(.enclosing(className: "a"))])
    }

    @Test("every reply cut short anywhere is an error", arguments: [RecordedReply.registry, .ring, .all])
    func cut(_ reply: RecordedReply) {
        for count in 0..<reply.bytes.count { #expect(throws: JMXError.self) { try whole(Array(reply.bytes.prefix(count))) } }
    }

    @Test("no mutation of a real reply traps or runs away", arguments: RecordedReply.allCases)
    func mutations(_ reply: RecordedReply) {
        var random = SplitMix(seed: 42)
        var limits = JavaReader.Limits()
        limits.bytes = 1 << 20
        limits.values = 100_000
        let original = reply.bytes
        var survivors = 0
        for _ in 0..<1500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) { Self.mutate(&bytes, &random) }
            do throws(JMXError) {
                let value = try whole(bytes, limits: limits)
                survivors += 1
                _ = RemoteFailure(value)?.error(call: "", mbean: nil, member: nil, isOperation: true).description
                _ = try RemoteReference(stub: value) { .broken(call: "", reason: $0) }
            } catch { #expect(!error.description.isEmpty) }
        }
        // Else the mutations only ever hit the header.
        #expect(survivors > 0 || reply == .version)
    }

    private static let interesting: [UInt8] = [
        0x00, 0x01, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f, 0x80, 0xff,
    ]

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes[place] = interesting.randomElement(using: &random) ?? 0
        case 2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...9, using: &random)))
        case 4: bytes.insert(contentsOf: (0..<Int.random(in: 1...9, using: &random)).map { _ in interesting.randomElement(using: &random) ?? 0 }, at: place)
        default:
            let end = min(bytes.count, place + Int.random(in: 1...64, using: &random))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: Int.random(in: 0...bytes.count, using: &random))
        }
    }
}

/// A small generator whose seed gives the same numbers everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Reads a whole reply, its envelope included.
@discardableResult
func whole(_ bytes: [UInt8], limits: JavaReader.Limits = JavaReader.Limits()) throws(JMXError) -> JavaValue {
    let source = ReplyBytes(bytes, limits)
    guard try source.byte() == 0x51 else { throw source.broken("no reply") }
    let reader = JavaReader(source, limits: limits)
    try reader.streamHeader()
    _ = try reader.block()
    return try reader.value()
}
