@testable import ControlCLI
import BackupModel
import ControlAPI
import HTTPServer
import Testing

/// Answers as a master that plans, restores and drops.
private func master(_ plan: RestorePlanBody, run state: String = "succeeded") -> @Sendable (HTTPRequest, Int) -> HTTPResponse {
    { request, _ in
        switch (request.method, request.path) {
        case ("POST", "/v1/restores/plan"): json(plan)
        case ("POST", _): json(RunStartedBody(run: runID, backup: backupID, restore: restoreID), status: 202)
        case ("GET", "/v1/runs/\(runID)"): json(run(state, kind: "restore-node", failure: state == "failed" ? Failure("restore.node-not-up", "the node did not come up") : nil))
        default:
            json(
                RestoreBody(
                    id: restoreID, cluster: shop, backup: backupID, kind: .node, state: state == "succeeded" ? "awaiting-decision" : "failed", created: start, updated: start, nodes: [], plan: nil))
        }
    }
}

@Suite struct RestoreStartTests {
    @Test("where nobody can be asked, a restore without --yes or a digest is refused before the master hears of it")
    func pipeWithoutYes() async throws {
        try await withMaster(master(plan())) { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1")
            #expect(outcome.status == .usage)
            #expect(outcome.errors == "error: nobody can be asked here to confirm the plan\nHINT: --yes, or --plan-digest with the digest that 'aeneas restore plan' shows\n")
            #expect(bench.requests.isEmpty)
        }
    }

    @Test("--yes confirms the plan just fetched: its digest and its backup go to the master")
    func yes() async throws {
        try await withMaster(master(plan())) { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--yes")
            #expect(outcome.status == .done)
            #expect(outcome.output.hasPrefix("restore node 10.0.0.1 of cluster 'shop'\n"))
            #expect(outcome.output.contains("\nrestore \(restoreID) of 'shop' started, run \(runID)\n"))
            #expect(outcome.output.hasSuffix("  aeneas restore rollback \(restoreID)  puts it back in place of what was restored\n"))
            #expect(bench.bodies[1] == #"{"backup":"\#(backupID)","cluster":"shop","node":"10.0.0.1","overrides":[],"planDigest":"0123456789abcdef"}"#)
        }
    }

    @Test("a person confirms by the cluster's name; anything else, and the end of input, changes nothing", arguments: [["yes"], ["Shop"], [""], []])
    func notConfirmed(typed: [String]) async throws {
        try await withMaster(master(plan())) { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--whole-cluster", typed: typed, terminal: (80, 24))
            #expect(outcome.status == .failed)
            #expect(outcome.errors == "type the cluster's name to go on: error: not confirmed: nothing was done\ncode: control.not-confirmed\n")
            #expect(bench.requests == ["POST /v1/restores/plan"])
        }
    }

    @Test("a person sees the plan, types the name, and the restore starts; the plan is seen even when the output goes to a file")
    func confirmed() async throws {
        try await withMaster(master(plan())) { bench in
            let onScreen = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--no-wait", typed: ["shop"], terminal: (80, 24))
            #expect(onScreen.status == .done)
            #expect(onScreen.output.contains("destroys") && onScreen.output.hasSuffix("started, run \(runID)\n"))
            let toFile = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--no-wait", "--output", "json", typed: ["shop"])
            #expect(toFile.errors.contains("destroys"))
            #expect(try JSONText.decode(RunStartedBody.self, from: Array(toFile.output.utf8)).restore == restoreID)
        }
    }

    @Test("a plan that is refused or needs an override ends before the question, and an override that is given goes along")
    func unsoundPlans() async throws {
        let refused = plan(findings: [.init(.refusal, "restore.no-space", node: "10.0.0.1", "no room")])
        try await withMaster(master(refused)) { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--yes", "--override", "restore.no-space")
            #expect(outcome.status == .failed)
            #expect(outcome.errors == "error: 10.0.0.1: no room\nHINT: the plan shows what else speaks against it\ncode: restore.no-space\n")
            #expect(bench.requests == ["POST /v1/restores/plan"])
        }
        let old = plan(findings: [.init(.override, "restore.older-than-gc-grace", "rows may come back")])
        try await withMaster(master(old)) { bench in
            let without = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", typed: ["shop"])
            #expect(without.errors.hasSuffix("error: rows may come back\nHINT: if you take this on: --override restore.older-than-gc-grace\ncode: restore.override-needed\n"))
            #expect(try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--yes", "--override", "restore.older-than-gc-grace").status == .done)
            #expect(bench.bodies[2].contains(#""overrides":["restore.older-than-gc-grace"]"#))
        }
    }

    @Test("a digest from before is handed on as it is, and the master's refusal is printed")
    func staleDigest() async throws {
        try await withMaster { request, _ in
            request.path.hasSuffix("plan") ? json(plan()) : refusal(Failure("restore.plan-changed", "the plan has changed since it was shown", recovery: .retry), status: 409)
        } _: { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--plan-digest", "feedfeedfeedfeed")
            #expect(outcome.status == .failed)
            #expect(bench.bodies[1].contains(#""planDigest":"feedfeedfeedfeed""#))
            #expect(outcome.errors == "error: the plan has changed since it was shown\ncode: restore.plan-changed\n")
        }
    }

    @Test("--drop-aside removes what was set aside after a success, and nothing after a failure")
    func dropAside() async throws {
        try await withMaster(master(plan())) { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--yes", "--drop-aside", "--output", "json")
            #expect(outcome.status == .done)
            #expect(bench.requests.contains("POST /v1/restores/\(restoreID)/drop"))
            #expect(try JSONText.decode(RunBody.self, from: Array(outcome.output.utf8)).id == runID)
        }
        try await withMaster(master(plan(), run: "failed")) { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--node", "10.0.0.1", "--yes", "--drop-aside")
            #expect(outcome.status == .failed)
            #expect(outcome.output.hasSuffix("  aeneas restore resume \(restoreID)\n  aeneas restore rollback \(restoreID)\n"))
            #expect(!bench.requests.contains { $0.hasSuffix("/drop") })
        }
    }

    @Test("a person is asked before what was set aside is removed or put back; a script is not", arguments: ["drop", "rollback"])
    func asksBeforeDestroying(verb: String) async throws {
        try await withMaster(master(plan())) { bench in
            let refused = try await bench.run("restore", verb, restoreID.rawValue, typed: ["n"])
            #expect(refused.status == .failed)
            #expect(bench.requests.isEmpty)
            let agreed = try await bench.run("restore", verb, restoreID.rawValue, typed: ["y"]), scripted = try await bench.run("restore", verb, restoreID.rawValue)
            #expect(agreed.status == .done && scripted.status == .done)
        }
    }
}
