import Crypto
import Foundation
import TestSupport
import Testing

@testable import JMX

@Suite("Against a JVM's own agent", .enabled(if: JavaServer.java != nil, "needs java on the PATH"))
struct JVMTests {
    private let probe = "test:type=Probe"

    private func connect(timeout: Duration = .seconds(30), limits: JavaReader.Limits = JavaReader.Limits()) throws -> JMXConnection {
        try JMXConnection(Endpoint(host: "127.0.0.1", port: JavaServer.open.get().port), credentials: nil, tls: nil, timeout: timeout, limits: limits)
    }

    @Test("attributes of every kind are read as what they are")
    func attributes() throws {
        let jmx = try connect()
        func value(_ attribute: String) throws -> JavaValue { try jmx.getAttribute(probe, attribute) }
        #expect(try value("Text") == .string("plain, ü, 中, 🚀, \0 end"))
        #expect(try value("LongText").string(of: "LongText").count == 100_000)
        #expect(try value("Nothing") == .null)
        #expect(try value("Numbers") == .list([.int(-1), .int(-2), .int(-3), .long(-4), .double(1.5), .double(2.5), .string("c"), .bool(true)]))
        #expect(try value("True") == .bool(true))
        #expect(try value("Bytes") == .bytes([0, 1, 255]))
        #expect(try value("Ints") == .list([.int(1), .int(-2)]))
        #expect(try value("Identifier") == .string("00112233-4455-6677-8899-aabbccddeeff"))
        #expect(try value("Address") == .string("10.0.200.7"))
        #expect(try value("Unit") == .string("DAYS"))
        #expect(try value("Name") == .objectName(probe))
        let unknown = try value("Unknown").object(of: "Unknown")
        #expect(unknown.className == "JMXServer$Point")
        #expect(unknown.fields == ["x": .int(3), "label": .string("p"), "self": .enclosing(className: "JMXServer$Point")])
        jmx.close()
    }

    @Test("Java's lists, sets and maps of every make are lists and maps")
    func collections() throws {
        let jmx = try connect()
        for (index, item) in try jmx.getAttribute(probe, "Lists").list(of: "Lists").enumerated() {
            let expected = index == 10 ? [] : index == 11 ? ["a"] : ["a", "b"]
            #expect(try item.strings(of: "list \(index)") == expected)
        }
        for (index, item) in try jmx.getAttribute(probe, "Maps").list(of: "Maps").enumerated() {
            #expect(try item.stringMap(of: "map \(index)") == ["k": "v"])
        }
        let memory = try jmx.getAttribute("java.lang:type=Memory", "HeapMemoryUsage").fields(of: "HeapMemoryUsage")
        #expect(try #require(memory["used"]).int(of: "used") > 0)
        #expect(try !jmx.getAttribute("java.lang:type=Runtime", "SystemProperties").list(of: "SystemProperties").isEmpty)
    }

    @Test("arguments of every kind arrive as they were given")
    func arguments() throws {
        let jmx = try connect()
        let answer = try jmx.invoke(
            probe, "describe",
            arguments: [.string("ü🚀\0"), .map(["k": "v", "a": "b"]), .set(["x", "w"]), .strings(["1", "2"]), .bool(true), .int(-7), .long(1 << 40)])
        #expect(answer == .string("ü🚀\0 {a=b, k=v} [w, x] [1, 2] true -7 1099511627776"))
        let many = Dictionary(uniqueKeysWithValues: (0..<1000).map { ("key\($0)", "v") })
        let text = try jmx.invoke(
            probe, "describe",
            arguments: [.string(String(repeating: "é", count: 40_000)), .map(many), .set(Set(many.keys)), .strings([]), .bool(false), .int(.min), .long(.min)]
        ).string(of: "describe")
        #expect(text.contains("key999=v") && text.hasSuffix("[] false -2147483648 -9223372036854775808"))
    }

    @Test("attributes are set, listed together, and MBeans are found")
    func others() throws {
        let jmx = try connect()
        try jmx.setAttribute(probe, "Level", .int(42))
        #expect(try jmx.getAttributes(probe, ["Level", "True", "Absent"]) == ["Level": .int(42), "True": .bool(true)])
        #expect(try jmx.queryNames("test:*") == [probe])
        #expect(try jmx.isRegistered(probe))
        #expect(try !jmx.isRegistered("test:type=Other"))
        try jmx.keepAlive()
    }

    @Test("each failure is told from the others, and the connection stays good")
    func failures() throws {
        let jmx = try connect()
        #expect(throws: JMXError.noSuchMBean("test:type=Other")) { try jmx.getAttribute("test:type=Other", "Text") }
        #expect(throws: JMXError.noSuchMBean("test:type=Other")) { try jmx.invoke("test:type=Other", "sleep", arguments: [.long(1)]) }
        #expect(throws: JMXError.noSuchAttribute(mbean: probe, attribute: "Absent")) { try jmx.getAttribute(probe, "Absent") }
        #expect(throws: JMXError.noSuchOperation(mbean: probe, operation: "absent")) { try jmx.invoke(probe, "absent") }
        #expect(throws: JMXError.noSuchOperation(mbean: probe, operation: "sleep")) { try jmx.invoke(probe, "sleep", arguments: [.int(1)]) }
        #expect(throws: JMXError.remote(call: "fail", javaClass: "java.lang.IllegalStateException", message: "inner")) {
            try jmx.invoke(probe, "fail", arguments: [.string("inner")])
        }
        #expect(throws: JMXError.remote(call: "reading Failing", javaClass: "java.lang.IllegalStateException", message: "not today")) {
            try jmx.getAttribute(probe, "Failing")
        }
        #expect(jmx.isUsable)
        #expect(try jmx.getAttribute(probe, "True") == .bool(true))
    }

    @Test("a name that is none breaks the connection, which then refuses")
    func malformedName() throws {
        let jmx = try connect()
        let error = caught(JMXError.self) { try jmx.getAttribute("no name", "Text") }
        if case .broken = error {} else { Issue.record("\(String(describing: error))") }
        #expect(!jmx.isUsable)
        let later = caught(JMXError.self) { try jmx.keepAlive() }
        if case .broken(let call, _) = later { #expect(call == "keeping the connection") } else { Issue.record("\(String(describing: later))") }
    }

    @Test("a call that takes too long ends the connection")
    func timeout() throws {
        let jmx = try connect()
        #expect(throws: JMXError.timedOut(call: "sleep")) { try jmx.invoke(probe, "sleep", arguments: [.long(20_000)], timeout: .milliseconds(200)) }
        #expect(!jmx.isUsable)
    }

    @Test("a call may take longer than the connection's timeout where it is given longer")
    func ownTimeout() throws {
        let jmx = try connect(timeout: .seconds(3))
        try jmx.invoke(probe, "sleep", arguments: [.long(3500)], timeout: .seconds(30))
        try jmx.keepAlive(timeout: .seconds(30))
    }

    @Test("a large reply is read whole, and one larger than the limit is refused")
    func large() throws {
        let jmx = try connect()
        #expect(try jmx.invoke(probe, "big", arguments: [.int(20_000_000)]).string(of: "big").utf8.count == 20_000_000)
        var limits = JavaReader.Limits()
        limits.bytes = 1 << 20
        let strict = try connect(limits: limits)
        #expect(throws: JMXError.broken(call: "big", reason: "the reply is larger than this client accepts")) {
            try strict.invoke(probe, "big", arguments: [.int(2 << 20)])
        }
        #expect(!strict.isUsable)
    }

    @Test("notifications come in order to a connection that waits for them")
    func notifications() throws {
        let listener = try connect()
        #expect(try listener.fetchNotifications(wait: .zero).isEmpty)
        try listener.subscribe(to: probe)
        #expect(try listener.fetchNotifications(wait: .zero).isEmpty)
        let caller = try connect()
        for step in [3, 4] as [Int32] {
            try caller.invoke(probe, "announce", signature: ["java.lang.String", "int"], arguments: [.string("step \(step)"), .int(step)])
        }
        var heard: [JMXNotification] = []
        while heard.count < 2 { heard += try listener.fetchNotifications(wait: .seconds(20)) }
        #expect(heard.map(\.message) == ["step 3", "step 4"])
        #expect(heard.map(\.source) == ["repair:7", "repair:7"])
        #expect(try heard.map { try $0.userData.fields(of: "user data")["progressCount"] } == [.int(3), .int(4)])
    }

    @Test("a connection object that the server forgot is expired")
    func expired() throws {
        let jmx = try connect()
        // What the server does by itself after 120 s without a call.
        _ = try jmx.call(.close, "closing") { _ in }
        #expect(throws: JMXError.expired) { try jmx.keepAlive() }
        #expect(!jmx.isUsable)
    }

    @Test("the right password reads and calls; a reader may not call; a wrong or missing one is refused")
    func password() throws {
        let server = try JavaServer.password.get()
        func connect(_ credentials: (user: String, password: String)?) throws -> JMXConnection {
            try JMXConnection(host: "127.0.0.1", port: server.port, credentials: credentials, timeout: .seconds(30))
        }
        #expect(try connect(("admin", "secret")).invoke(probe, "big", arguments: [.int(1)]) == .string("y"))
        let viewer = try connect(("viewer", "secret"))
        #expect(try viewer.getAttribute(probe, "True") == .bool(true))
        let denied = caught(JMXError.self) { try viewer.invoke(probe, "big", arguments: [.int(1)]) }
        if case .accessDenied(call: "big", _) = denied {} else { Issue.record("\(String(describing: denied))") }
        #expect(viewer.isUsable)
        for credentials in [("admin", "wrong"), nil] as [(user: String, password: String)?] {
            let error = caught(JMXError.self) { try connect(credentials) }
            if case .authenticationFailed = error {} else { Issue.record("\(String(describing: error))") }
        }
    }

    @Test("TLS is spoken with an authority that is trusted, and with no other")
    func tls() throws {
        let server = try JavaServer.tls.get()
        func connect(_ tls: TLSOptions?) throws -> JMXConnection { try JMXConnection(host: "127.0.0.1", port: server.port, tls: tls, timeout: .seconds(30)) }
        #expect(try connect(TLSOptions(caFile: server.authority)).invoke(probe, "big", arguments: [.int(100_000)]).string(of: "big").utf8.count == 100_000)
        #expect(throws: JMXError.plainButTLS(Endpoint(host: "127.0.0.1", port: server.port))) { try connect(nil) }
        let untrusted = caught(JMXError.self) { try connect(TLSOptions()) }
        if case .tlsFailed = untrusted {} else { Issue.record("\(String(describing: untrusted))") }
    }

    @Test("objects that demand TLS are reached through a registry that does not")
    func plainRegistry() throws {
        let server = try JavaServer.tlsWithPlainRegistry.get()
        let endpoint = Endpoint(host: "127.0.0.1", port: server.port)
        let jmx = try JMXConnection(host: "127.0.0.1", port: server.port, tls: TLSOptions(caFile: server.authority), timeout: .seconds(30))
        #expect(try jmx.getAttribute(probe, "True") == .bool(true))
        #expect(throws: JMXError.plainButTLS(endpoint)) { try JMXConnection(host: "127.0.0.1", port: server.port, timeout: .seconds(30)) }
    }

    @Test("a plain server is not taken for one with TLS")
    func plain() throws {
        let port = try JavaServer.open.get().port
        let error = caught(JMXError.self) { try JMXConnection(host: "127.0.0.1", port: port, tls: TLSOptions(verify: false), timeout: .seconds(30)) }
        if case .tlsExpectedButPlain = error {} else { Issue.record("\(String(describing: error))") }
    }
}
