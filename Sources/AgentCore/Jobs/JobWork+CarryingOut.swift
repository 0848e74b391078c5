import BackupModel
import Glibc

extension JobWork {
    var phase: String {
        switch self {
        case .upload: "upload"
        case .stage: "download"
        case .stop: "stop"
        case .place: "place"
        case .start: "start"
        case .repair: "repair"
        case .rollBack: "roll-back"
        case .dropAside: "drop"
        case .verify: "verify"
        case .guardPause: "guard"
        }
    }

    /// Work that may be given up half-way. The rest goes on without its master: a node must not be left between old and new.
    var endsWithLease: Bool {
        switch self {
        case .upload, .stage, .verify: true
        case .stop, .place, .start, .repair, .rollBack, .dropAside, .guardPause: false
        }
    }

    func carryOut(_ context: JobContext) -> JobOutcome {
        do {
            return .succeeded(try result(context))
        } catch {
            // Whatever a stopped transfer said: the reason is the stop.
            let failure = context.stop.failure ?? Failure(error)
            cleanUp(after: failure, context)
            return .failed(failure)
        }
    }

    private func result(_ context: JobContext) throws -> JobResult {
        switch self {
        case .upload(let work): return .uploaded(try UploadJob(work, context).run())
        case .stage(let work): return .staged(try stage(work, context))
        case .stop(let work): try ServiceJob(work: work, context: context).stop()
        case .start(let work): return .started(try ServiceJob(work: work, context: context).start())
        case .repair(let work): return .repaired(try RepairJob(work: work, context: context).run())
        case .place(let layout): try Placement(layout, agent: context.agent, parts: context.parts).place()
        case .rollBack(let layout): try Placement(layout, agent: context.agent, parts: context.parts).rollBack()
        case .dropAside(let layout): try Placement(layout, agent: context.agent, parts: context.parts).dropAside()
        case .verify(let work): return .verified(try VerifyJob(work, context).run())
        case .guardPause(let work): return .guarded(try GuardJob(work: work, context: context).run())
        }
        return .done
    }

    private func stage(_ work: StageWork, _ context: JobContext) throws -> StageResult {
        do {
            return try StageJob(work, context).run()
        } catch let failure as Failure where failure.code == "agent.no-space" {
            throw Failure("restore.no-space", failure.summary, hint: "what was staged has been removed, the live data are untouched: free space there, or restore to a larger disk")
        } catch let error as SystemError where error.isOutOfSpace {
            throw Failure("restore.no-space", error.description, hint: "what was staged has been removed, the live data are untouched: free space there, or restore to a larger disk")
        }
    }

    private func cleanUp(after failure: Failure, _ context: JobContext) {
        let gaveUp = ["run.cancelled", "agent.lease-expired"].contains(failure.code)
        switch self {
        case .upload(let work) where failure.code == "agent.lease-expired": try? UploadJob(work, context).clearSnapshot()
        case .stage(let work) where gaveUp || failure.code == "restore.no-space": try? StageJob(work, context).clean()
        default: break
        }
    }
}

extension JobRequest {
    /// For the disk: nothing that opens a door.
    var redacted: JobRequest {
        func plain(_ store: StoreAccess) -> StoreAccess {
            guard case .s3(var access) = store else { return store }
            access.accessKey = "<redacted>"
            access.secretKey = "<redacted>"
            access.sessionToken = access.sessionToken.map { _ in "<redacted>" }
            return .s3(access)
        }
        func plain(_ node: NodeAccess) -> NodeAccess {
            var node = node
            node.jmxPassword = node.jmxPassword.map { _ in "<redacted>" }
            return node
        }
        var copy = self
        switch work {
        case .upload(var work):
            work.store = plain(work.store)
            copy.work = .upload(work)
        case .stage(var work):
            work.store = plain(work.store)
            copy.work = .stage(work)
        case .verify(var work):
            work.store = plain(work.store)
            copy.work = .verify(work)
        case .stop(var work):
            work.access = plain(work.access)
            copy.work = .stop(work)
        case .start(var work):
            work.access = plain(work.access)
            copy.work = .start(work)
        case .repair(var work):
            work.access = plain(work.access)
            copy.work = .repair(work)
        case .place, .rollBack, .dropAside, .guardPause: break
        }
        return copy
    }
}
