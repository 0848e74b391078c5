import Crypto
import Testing

@testable import JMX

@Suite("Requests on the wire")
struct JavaWriterTests {
    @Test("method hashes are the JDK's own")
    func hashes() {
        let expected: [(RemoteMethod, UInt64)] = [
            (.newClient, 0xf0e0_74ea_ad0c_aea8), (.getAttribute, 0xf0e0_500a_394d_7215), (.getAttributes, 0x5739_d96a_8b23_5c47),
            (.setAttribute, 0x5d84_5744_730a_fe0c), (.invoke, 0x13e7_d694_17e5_da20), (.queryNames, 0x7f04_73ac_b736_77da),
            (.isRegistered, 0x738a_c4e1_ccab_a014), (.getDefaultDomain, 0x53ed_a2d8_2e1b_dfa8), (.close, 0xbe2e_5bc7_809d_0dcc),
            (.addNotificationListeners, 0xb625_8d6e_656d_6eef), (.fetchNotifications, 0xba17_1f3d_c87c_75e2),
        ]
        for (method, hash) in expected { #expect(method.hash == hash, "\(method.name)") }
    }

    private func hex(marshalled: Bool, _ write: (inout JavaWriter) -> Void) -> String {
        var writer = JavaWriter(marshalled: marshalled)
        write(&writer)
        return hexString(writer.bytes)
    }

    /// Text within quotes stands for its bytes.
    private func spelled(_ form: String) -> String {
        form.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .map { $0.offset.isMultiple(of: 2) ? String($0.element) : hexString($0.element.utf8) }.joined().filter { $0 != " " }
    }

    @Test("values directly in a call have their known forms")
    func direct() {
        let name = hex(marshalled: false) { $0.objectName("a:b=c") }
        #expect(name == spelled(#"7372001b"javax.management.ObjectName"0f03a71beb6d15cf030000707870 74 0005"a:b=c"78"#))
        let strings = hex(marshalled: false) { $0.strings(["x"]) }
        #expect(strings == spelled(#"75720013"[Ljava.lang.String;"add256e7e91d7b47020000707870 00000001 740001"x""#))
        let object = hex(marshalled: false) { $0.marshalled { $0.null() } }
        let head = #"73720019"java.rmi.MarshalledObject"7cbd1e97ed63fc3e020003490004"hash"5b0008"locBytes"7400025b425b0008"objBytes"7400025b42707870"#
        #expect(object == spelled(head + #"0000000d70757200025b42acf317f8060854e0020000707870 00000005 aced000570"#))
    }

    @Test("values inside a marshalled object have their known forms")
    func marshalled() {
        func value(_ argument: JavaArgument) -> String { hex(marshalled: true) { $0.value(argument) } }
        #expect(value(.bool(true)) == spelled(#"73720011"java.lang.Boolean"cd207280d59cfaee0200015a0005"value"7870 01"#))
        #expect(
            value(.int(-2))
                == spelled(#"73720011"java.lang.Integer"12e2a0a4f7818738020001490005"value"78720010"java.lang.Number"86ac951d0b94e08b0200007870 fffffffe"#))
        #expect(
            value(.long(5))
                == spelled(#"7372000e"java.lang.Long"3b8be490cc8f23df0200014a0005"value"78720010"java.lang.Number"86ac951d0b94e08b0200007870 0000000000000005"#)
        )
        let map = #"73720011"java.util.HashMap"0507dac1c31660d103000246000a"loadFactor"490009"threshold"78703f4000000000000c770800000010"#
        #expect(value(.map(["k": "v"])) == spelled(map + #"00000001 740001"k"740001"v"78"#))
        #expect(value(.set(["k"])) == spelled(#"73720011"java.util.HashSet"ba44859596b8b7340300007870770c000000103f400000 00000001 740001"k"78"#))
        #expect(hex(marshalled: true) { $0.arguments([.null]) } == spelled(#"75720013"[Ljava.lang.Object;"90ce589f1073296c0200007870 00000001 70"#))
        let attribute =
            #"7372001a"javax.management.Attribute"2279b907538b3b0e0200024c0004"name"740012"Ljava/lang/String;"4c0005"value"740012"Ljava/lang/Object;"7870"#
        #expect(hex(marshalled: true) { $0.attribute("A", .null) } == spelled(attribute + #"740001"A"70"#))
    }

    @Test("texts go through Java's encoding and back", arguments: ["", "a\0b", "ü中", "🚀", String(repeating: "é", count: 40_000)])
    func texts(_ text: String) throws {
        var writer = JavaWriter()
        writer.string(text)
        #expect(try read(writer.bytes) == .string(text))
        #expect(!writer.bytes.dropFirst(3).contains(0) || text.utf8.count > 65_535)
    }

    @Test("bytes that are no text of Java's are refused", arguments: [[0xff], [0xc3], [0xe4, 0xb8], [0xc3, 0x28], [0xf0, 0x9f, 0x9a, 0x80]] as [[UInt8]])
    func notText(_ bytes: [UInt8]) {
        #expect(ModifiedUTF8.decode(bytes) == nil)
    }
}

/// Reads one value that follows no header, of bytes that end there.
func read(_ bytes: [UInt8], limits: JavaReader.Limits = JavaReader.Limits()) throws(JMXError) -> JavaValue {
    try JavaReader(ReplyBytes(bytes, limits), limits: limits).value()
}

extension ReplyBytes {
    convenience init(_ bytes: [UInt8], _ limits: JavaReader.Limits) {
        var rest = bytes[...]
        self.init(limit: limits.bytes) { buffer throws(SocketError) -> Int in
            let piece = rest.prefix(min(buffer.count, 1000))
            guard !piece.isEmpty else { throw .closedByPeer(Endpoint(host: "test", port: 1), afterBytes: bytes.count) }
            rest = rest.dropFirst(piece.count)
            buffer.copyBytes(from: piece)
            return piece.count
        }
    }
}
