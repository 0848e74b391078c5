@testable import Resolver
import TestSupport
import Testing

@Suite struct ResolverTests {
    private func lookup(_ name: String, _ records: [String], isSilent: Bool = false) async throws -> Result<[ServiceRecord], ResolverError> {
        try await onOwnThread {
            let server = try DNSServer(records, isSilent: isSilent), address = NameServer(address: "127.0.0.1", port: server.port)
            do throws(ResolverError) {
                return .success(try ServiceRecords.lookup(name, server: address, seconds: 1))
            } catch { return .failure(error) }
        }
    }

    @Test("service records come with host, port, priority and weight")
    func records() async throws {
        let found = try await lookup("_admin._tcp.shop.example", [
            "_admin._tcp.shop.example=app-1.shop.example:60053:10:5", "_admin._tcp.shop.example=app-2.shop.example:60054:20:0", "other.example=x:1:0:0",
        ])
        #expect(
            try Set(found.get()) == [
                ServiceRecord(host: "app-1.shop.example", port: 60053, priority: 10, weight: 5),
                ServiceRecord(host: "app-2.shop.example", port: 60054, priority: 20, weight: 0),
            ])
    }

    @Test("an answer too large for UDP is fetched over TCP, whole")
    func truncated() async throws {
        let found = try await lookup("_admin._tcp.x", (1...60).map { "_admin._tcp.x=instance-number-\($0).of-a-long-name.example:60053:0:0" })
        #expect(try Set(found.get().map(\.host)).count == 60)
    }

    @Test("an unknown name, one without such records and a host of '.' are told apart from a server that does not answer")
    func absence() async throws {
        #expect(try await lookup("_no._tcp.x", ["_a._tcp.x"]) == .failure(.noSuchName("_no._tcp.x")))
        #expect(try await lookup("_a._tcp.x", ["_a._tcp.x"]) == .failure(.noRecords("_a._tcp.x")))
        #expect(try await lookup("_a._tcp.x", ["_a._tcp.x=.:0:0:0"]) == .failure(.noRecords("_a._tcp.x")))
        #expect(try await lookup("_a._tcp.x", ["_a._tcp.x"], isSilent: true) == .failure(.noAnswer("_a._tcp.x")))
    }

    @Test("what is no name is not asked for", arguments: ["", "a b", "a\nb", String(repeating: "a", count: 300)])
    func badName(_ name: String) {
        #expect(caught(ResolverError.self) { try ServiceRecords.lookup(name, server: NameServer(address: "127.0.0.1", port: 1), seconds: 1) } == .badName(name))
    }

    /// Header with one answer, then the answer's name `.`, type SRV, class IN, ttl, length and data.
    private func answer(_ data: [UInt8], length: Int? = nil) -> [UInt8] {
        let size = length ?? data.count
        return [0, 1, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0] + [0, 0, 33, 0, 1, 0, 0, 0, 1, UInt8(size >> 8), UInt8(size & 255)] + data
    }

    @Test("a malformed answer is refused, wherever it is cut, and a name that points at itself ends")
    func malformed() {
        let whole = answer([0, 1, 0, 2, 0, 80, 1, UInt8(ascii: "h"), 0])
        #expect(DNSAnswer(whole).serviceRecords() == [ServiceRecord(host: "h", port: 80, priority: 1, weight: 2)])
        for count in 0..<whole.count { #expect(DNSAnswer(Array(whole.prefix(count))).serviceRecords() == nil, "cut at \(count)") }
        #expect(DNSAnswer(answer([0, 1, 0, 2, 0, 80, 0xC0, 29])).serviceRecords() == nil)
        #expect(DNSAnswer(answer([0, 1, 0, 2, 0, 80, 3, UInt8(ascii: "a"), UInt8(ascii: "."), UInt8(ascii: "b"), 0])).serviceRecords() == nil)
        #expect(DNSAnswer(answer([0, 1, 0, 2, 0, 80, 0x80, 0])).serviceRecords() == nil)
        #expect(DNSAnswer(answer([0, 1, 0, 2, 0, 80, 0, 7])).serviceRecords() == nil)
    }
}
