import BackupModel
import Catalog
import Testing

@Suite struct ApplicationTests {
    let fixture: Fixture
    let shop = Fixture.application
    init() throws { fixture = try Fixture() }

    @Test("an application and all of its settings survive, and a name is given once")
    func settings() async throws {
        let catalog = try await fixture.filled()
        let settings = ApplicationSettings(
            targets: [Fixture.target(1), PauseTarget(host: HostAddress(unchecked: "::1"), port: 1)], services: ["_a._tcp.example.com"], tls: true,
            caFile: "/etc/ca.pem", authority: "db", drainSeconds: 1, windowSeconds: 2, callSeconds: 3, clockAllowanceMilliseconds: 4, allowUnverified: true,
            requireNodeGuardian: true)
        let given = ApplicationRecord(name: shop.name, settings: settings, createdAt: Fixture.start)
        try await catalog.addApplication(given)
        await #expect(throws: CatalogError.applicationNameTaken(shop.name)) { try await catalog.addApplication(shop) }
        #expect(try await catalog.applications() == [given])
        try await catalog.updateApplication(shop.name, settings: shop.settings)
        #expect(try await catalog.application(named: shop.name) == shop)
        try await catalog.removeApplication(shop.name)
        let unknown = CatalogError.unknown(.application, "shop")
        await #expect(throws: unknown) { try await catalog.application(named: shop.name) }
        await #expect(throws: unknown) { try await catalog.removeApplication(shop.name) }
        await #expect(throws: unknown) { try await catalog.updateApplication(shop.name, settings: shop.settings) }
        #expect(unknown.failure.code == "catalog.unknown-application" && unknown.failure.hint == "see: aeneas application list")
    }

    @Test("settings that JSON leaves out have their defaults")
    func defaults() throws {
        let settings = try JSONText.decode(ApplicationSettings.self, from: Array(#"{"targets":["a:1"],"drainSeconds":9}"#.utf8))
        let target = try PauseTarget("a:1")
        #expect(settings == ApplicationSettings(targets: [target], drainSeconds: 9))
        #expect(settings.windowSeconds == 30 && settings.callSeconds == 5 && settings.clockAllowanceMilliseconds == 500 && !settings.allowUnverified)
    }

    @Test("an application in use cannot be removed: not while a cluster names it, not while a pause of it is open")
    func inUse() async throws {
        let catalog = try await fixture.filledWithPauses()
        var settings = Fixture.cluster.settings
        settings.application = shop.name
        settings.consistent = true
        settings.windowCommands = [WindowCommand(name: FileName(unchecked: "pg"), words: ["pg_dump", "shop"])]
        try await catalog.updateCluster(Fixture.cluster.id, settings: settings)
        #expect(try await catalog.cluster(id: Fixture.cluster.id).settings == settings)
        await #expect(throws: CatalogError.applicationNamed(shop.name, by: Fixture.cluster.name)) { try await catalog.removeApplication(shop.name) }
        try await catalog.updateCluster(Fixture.cluster.id, settings: Fixture.cluster.settings)

        let pause = Fixture.pause(2, targets: [Fixture.target(1)])
        try await catalog.beginPause(pause)
        for state in [PauseState.paused, .unconfirmed] {
            await #expect(throws: CatalogError.applicationPaused(shop.name, by: pause.id)) { try await catalog.removeApplication(shop.name) }
            try await catalog.setPause(pause.id, state: state)
        }
        await #expect(throws: CatalogError.applicationPaused(shop.name, by: pause.id)) { try await catalog.removeApplication(shop.name) }
        try await catalog.endPause(pause.id, at: Fixture.start)
        try await catalog.removeApplication(shop.name)
        #expect(try await catalog.pauses(application: shop.name).map(\.id) == [pause.id])
    }

    @Test("a cluster cannot name an application that is not there, and a pause cannot begin of one")
    func absent() async throws {
        let catalog = try await fixture.filled()
        var settings = Fixture.cluster.settings
        settings.application = shop.name
        await #expect(throws: CatalogError.unknown(.application, "shop")) { try await catalog.updateCluster(Fixture.cluster.id, settings: settings) }
        await #expect(throws: CatalogError.unknown(.application, "shop")) { try await catalog.beginPause(Fixture.pause(1, targets: [Fixture.target(1)])) }
        #expect(try await catalog.openPauses().isEmpty)
    }
}
