import BackupModel
import Catalog
import ControlAPI
import HTTPServer
import Operations

extension ControlServer {
    func addApplications(to router: inout Router) {
        router.on("GET", "/v1/applications", answering { _, _ in try await catalog.applications().map(ApplicationBody.init) })
        router.on(
            "POST", "/v1/applications",
            answering(status: 201) { request, _ in
                let body = try Self.body(ApplicationAddBody.self, of: request)
                return ApplicationBody(try await operations.addApplication(body.name, ApplicationSettings(body.settings)))
            })
        router.on(
            "GET", "/v1/applications/{name}",
            answering { _, parameters in
                ApplicationBody(try await catalog.application(named: ApplicationName(parameters["name"])))
            })
        router.on(
            "PUT", "/v1/applications/{name}/settings",
            answering { request, parameters in
                let settings = ApplicationSettings(try Self.body(ApplicationSettingsBody.self, of: request))
                return ApplicationBody(try await operations.updateApplication(ApplicationName(parameters["name"]), settings))
            })
        router.on(
            "DELETE", "/v1/applications/{name}",
            answering { _, parameters in
                let application = try await catalog.application(named: ApplicationName(parameters["name"]))
                try await operations.removeApplication(application.name)
                return ApplicationBody(application)
            })
        router.on(
            "GET", "/v1/applications/{name}/status",
            answering { _, parameters in
                ApplicationStatusBody(try await operations.checkApplication(ApplicationName(parameters["name"])))
            })
        router.on(
            "POST", "/v1/applications/{name}/unpause",
            answering { _, parameters in
                ApplicationStatusBody(try await operations.endPauses(of: ApplicationName(parameters["name"])))
            })
    }

    func addPauses(to router: inout Router) {
        router.on("GET", "/v1/pauses", answering { request, _ in try await chosenPauses(request).map { PauseBody($0, calls: nil) } })
        router.on(
            "POST", "/v1/pauses",
            answering(status: 202) { request, _ in
                let body = try Self.body(PauseStartBody.self, of: request)
                let (run, pause) = try await operations.startPause(
                    PauseRequest(
                        application: body.application, holdMilliseconds: body.holdMilliseconds, byCommand: body.byCommand ?? false, maxSeconds: body.maxSeconds)
                )
                return RunStartedBody(run: run.id, pause: pause)
            })
        router.on(
            "GET", "/v1/pauses/{id}",
            answering { _, parameters in
                let id = try PauseID(parameters["id"])
                return PauseBody(try await catalog.pause(id), calls: try await catalog.pauseCalls(of: id))
            })
        router.on(
            "POST", "/v1/pauses/{id}/alive",
            answering { _, parameters in
                let id = try PauseID(parameters["id"])
                try await operations.keepPause(id)
                return try await pauseState(id)
            })
        router.on(
            "POST", "/v1/pauses/{id}/finish",
            answering { request, parameters in
                let id = try PauseID(parameters["id"])
                try await operations.finishPause(id, exitStatus: try Self.body(PauseFinishBody.self, of: request).exitStatus)
                return try await pauseState(id)
            })
        router.on(
            "POST", "/v1/pauses/{id}/end",
            answering { _, parameters in
                PauseBody(try await operations.endPause(PauseID(parameters["id"])), calls: nil)
            })
    }

    private func chosenPauses(_ request: HTTPRequest) async throws -> [PauseRecord] {
        let application = try request.query("application").map { name in try ApplicationName(name) }
        switch request.query("open") {
        case nil, "false": return try await catalog.pauses(application: application)
        case "true": return try await catalog.openPauses().filter { application == nil || $0.application == application }.reversed()
        case let other?: throw Failure("input.bad-query", "'open' is neither true nor false: \(quoted(other))")
        }
    }

    private func pauseState(_ id: PauseID) async throws -> PauseStateBody {
        do {
            return PauseStateBody(id: id, state: try await catalog.pause(id).state.rawValue)
        } catch {
            guard case .unknown = error else { throw error }
            return PauseStateBody(id: id, state: "checking")
        }
    }
}

extension ApplicationBody {
    init(_ application: ApplicationRecord) {
        self.init(name: application.name, settings: ApplicationSettingsBody(application.settings), created: application.createdAt)
    }
}

extension ApplicationSettingsBody {
    init(_ settings: ApplicationSettings) {
        self.init()
        targets = settings.targets
        services = settings.services
        tls = settings.tls
        caFile = settings.caFile
        authority = settings.authority
        drainSeconds = settings.drainSeconds
        windowSeconds = settings.windowSeconds
        callSeconds = settings.callSeconds
        clockAllowanceMilliseconds = settings.clockAllowanceMilliseconds
        allowUnverified = settings.allowUnverified
        requireNodeGuardian = settings.requireNodeGuardian
    }
}

extension ApplicationSettings {
    init(_ body: ApplicationSettingsBody) {
        self.init()
        targets = body.targets ?? targets
        services = body.services ?? services
        tls = body.tls ?? tls
        caFile = body.caFile
        authority = body.authority
        drainSeconds = body.drainSeconds ?? drainSeconds
        windowSeconds = body.windowSeconds ?? windowSeconds
        callSeconds = body.callSeconds ?? callSeconds
        clockAllowanceMilliseconds = body.clockAllowanceMilliseconds ?? clockAllowanceMilliseconds
        allowUnverified = body.allowUnverified ?? allowUnverified
        requireNodeGuardian = body.requireNodeGuardian ?? requireNodeGuardian
    }
}

extension ApplicationStatusBody {
    init(_ status: ApplicationStatus) {
        self.init(
            name: status.name, targets: status.targets.map { Target(target: $0.target, state: $0.state.rawValue, detail: $0.detail) },
            openPauses: status.openPauses.map { PauseBody($0, calls: nil) })
    }
}

extension PauseBody {
    /// - Parameter calls: nil leaves them out of the window too.
    init(_ pause: PauseRecord, calls: [PauseCall]?) {
        var window = pause.window
        if calls == nil { window?.calls = [] }
        self.init(
            id: pause.id, run: pause.run, application: pause.application, state: pause.state.rawValue, targets: pause.access.targets,
            intended: pause.intendedAt,
            deadline: pause.deadlineAt, windowStarted: pause.windowAt, ended: pause.endedAt, window: window, calls: calls, detail: pause.detail)
    }
}
