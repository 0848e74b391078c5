import HTTPServer
import Testing

@Suite("Router") struct HTTPServerRouterTests {
    private func answer(_ method: String, _ target: String) async throws -> (Int, String, String?) {
        var router = Router()
        router.on("GET", "/") { _, _ in HTTPResponse(status: 200, text: "root") }
        router.on("GET", "/v1/clusters") { _, _ in HTTPResponse(status: 200, text: "list") }
        router.on("POST", "/v1/clusters") { _, _ in HTTPResponse(status: 201, text: "add") }
        router.on("GET", "/v1/clusters/{name}") { _, found in HTTPResponse(status: 200, text: "show " + found["name"]) }
        router.on("DELETE", "/v1/clusters/{name}") { _, found in HTTPResponse(status: 200, text: "drop " + found["name"]) }
        router.on("GET", "/v1/clusters/check") { _, _ in HTTPResponse(status: 200, text: "check") }
        router.on("GET", "/ui/{path...}") { _, found in HTTPResponse(status: 200, text: "file " + found["path"]) }
        let response = await router.respond(to: try HTTPRequest(method: method, target: target, peer: .unknown))
        guard case .bytes(let bytes) = response.body else { return (0, "", nil) }
        return (response.status, String(decoding: bytes, as: UTF8.self), response.headers["Allow"])
    }

    @Test(
        "paths find their handlers",
        arguments: [
            ("GET", "/", "root"), ("GET", "/v1/clusters", "list"), ("GET", "/v1/clusters?x=1", "list"), ("POST", "/v1/clusters", "add"),
            ("GET", "/v1/clusters/prod", "show prod"), ("GET", "/v1/clusters/a%2Fb%20c", "show a/b c"), ("GET", "/v1/clusters/check", "check"),
            ("DELETE", "/v1/clusters/check", "drop check"), ("HEAD", "/v1/clusters", "list"), ("GET", "/ui/a/b.css", "file a/b.css"),
            ("GET", "http://host:80/v1/clusters", "list"),
        ]
    )
    func found(method: String, target: String, text: String) async throws { #expect(try await answer(method, target).1 == text) }

    @Test("an unknown path is 404", arguments: ["/v2", "/v1", "/v1/clusters/", "/v1/clusters/a/b", "/ui", "//"])
    func notFound(target: String) async throws { #expect(try await answer("GET", target).0 == 404) }

    @Test("a known path with another method is 405 and says which are allowed")
    func notAllowed() async throws {
        let collection = try await answer("PUT", "/v1/clusters")
        #expect(collection.0 == 405)
        #expect(collection.2 == "GET, HEAD, POST")
        #expect(try await answer("POST", "/v1/clusters/prod").2 == "DELETE, GET, HEAD")
    }

    @Test("targets that are no path, or climb, are refused", arguments: ["", "x", "*", "/..", "/a/%2e%2e", "/%00", "/%", "/%c3"])
    func refused(target: String) { #expect(throws: HTTPTargetError.self) { try HTTPRequest(method: "GET", target: target, peer: .unknown) } }
}
