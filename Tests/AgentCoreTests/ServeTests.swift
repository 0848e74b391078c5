@testable import AgentCore
import BackupModel
import Crypto
import Foundation
import ObjectStore
import Testing

@Suite(.enabled(if: ServeClient.binary != nil, "aeneas-agent is not built beside the tests")) struct ServeTests {
    private static let job = JobID(unchecked: "01J9ZK0000000000000000JB01")

    private func request(_ bench: AgentBench, rate: Int? = nil, lease: Int = 60, id: JobID = job) -> JobRequest {
        JobRequest(id: id, work: .upload(bench.uploadWork(workers: 1, rate: rate)), leaseSeconds: lease)
    }

    private func slowBench() throws -> AgentBench {
        let bench = try AgentBench()
        for number in 1...8 { try bench.addSSTable("nb-\(number)-big", size: 400_000 + number, seed: UInt8(number), in: bench.snapshot(1)) }
        return bench
    }

    @Test("hello comes first and names the running binary by its digest; the end of stdin ends it well")
    func hello() throws {
        let bench = try AgentBench(), client = try ServeClient(bench)
        guard case .hello(let hello) = try client.next() else { return #expect(Bool(false), "no hello") }
        let binary = try #require(AgentBench.bytes(ServeClient.binary!))
        #expect(hello.binarySHA256.rawValue == SHA256.hash(binary).hex)
        #expect(hello.pid == Int(client.pid) && hello.protocolVersion == 1)
        #expect(try client.close() == 0)
    }

    @Test("a request with a hostile name is refused and the next one answered; noise ends the conversation")
    func refused() throws {
        let bench = try AgentBench(), client = try ServeClient(bench)
        for id in ["../../../etc", "01J9ZK0000000000000000JB0\\n", "-rf", "'; reboot"] {
            try client.send(AgentFrame.encode(Array(#"{"cancelJob":{"_0":"\#(id)"}}"#.utf8)))
            var answer = try client.next()
            if case .hello = answer { answer = try client.next() }
            guard case .failed(let failure) = answer else { return #expect(Bool(false), "not refused") }
            #expect(failure.code == "input.bad-request")
        }
        guard case .jobs(let jobs) = try client.ask(.listJobs) else { return #expect(Bool(false), "no list") }
        #expect(jobs.isEmpty)
        try client.send(Array("Welcome to this host!\n".utf8))
        guard case .failed(let failure) = try client.next() else { return #expect(Bool(false), "not refused") }
        #expect(failure.code == "agent.protocol")
        #expect(try client.close() == 1)
    }

    @Test("anything but its own commands is wrong usage", arguments: [["frob"], [], ["serve", "x"], ["--stdio"]])
    func usage(arguments: [String]) throws {
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: ServeClient.binary!)
        process.arguments = arguments
        process.standardError = output
        try process.run()
        #expect(String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).contains("Usage: aeneas-agent serve"))
        process.waitUntilExit()
        #expect(process.terminationStatus == 64)
    }

    @Test("a snapshot that is not ours is neither taken nor cleared")
    func foreignTag() throws {
        let bench = try AgentBench(), client = try ServeClient(bench), tag = SnapshotTag(unchecked: "operator_keep")
        let access = NodeAccess(jmxPort: 1)
        for request in [
            AgentRequest.snapshot(SnapshotRequest(access: access, tag: tag, keyspaces: [], skipFlush: false, timeoutSeconds: 5)),
            .clearSnapshot(ClearSnapshotRequest(access: access, tag: tag, folders: bench.folders)),
        ] { #expect(failure { _ = try client.ask(request) }?.code == "cassandra.snapshot-not-ours") }
    }

    @Test("with Cassandra down a snapshot of ours is cleared from the folders, and only that one")
    func clearedFromDisk() throws {
        let bench = try AgentBench(), client = try ServeClient(bench)
        for number in 1...2 { try bench.addSSTable(in: bench.snapshot(number)) }
        let request = ClearSnapshotRequest(access: NodeAccess(jmxPort: 1), tag: AgentBench.backup(1).snapshotTag, folders: bench.folders)
        guard case .done = try client.ask(.clearSnapshot(request)) else { return #expect(Bool(false), "not done") }
        #expect(!FileManager.default.fileExists(atPath: bench.snapshot(1)) && FileManager.default.fileExists(atPath: bench.snapshot(2)))
    }

    @Test("a job outlives its connection; another one follows it from where the first stood, to the same end")
    func reattached() throws {
        let bench = try slowBench(), first = try ServeClient(bench), request = request(bench, rate: 2_000_000)
        guard case .jobStarted(Self.job) = try first.ask(.startJob(request)) else { return #expect(Bool(false), "not started") }
        try first.send(.followJob(Self.job, after: 0))
        var seen = 0
        while seen == 0, let event = try first.next() { if case .job(let number, _) = event { seen = number } }
        #expect(try first.close() == 0)
        let second = try ServeClient(bench)
        guard case .jobStarted = try second.ask(.startJob(request)) else { return #expect(Bool(false), "not started") }
        var numbers: [Int] = []
        guard case .uploaded(let result) = try second.follow(Self.job, after: seen, { numbers.append($0); _ = $1 }) else { return #expect(Bool(false), "no result") }
        #expect(numbers == Array((seen + 1)..<(seen + 1 + numbers.count)) && !numbers.isEmpty)
        #expect(result.counts.sstables == 8)
        // Ended: the same request starts nothing, and its end can be asked for again.
        guard case .jobStarted = try second.ask(.startJob(request)) else { return #expect(Bool(false), "not started") }
        guard case .uploaded(let again) = try second.follow(Self.job, after: 1000) else { return #expect(Bool(false), "no result") }
        #expect(again == result)
        guard case .jobs(let jobs) = try second.ask(.listJobs) else { return #expect(Bool(false), "no list") }
        #expect(jobs == [JobStatus(id: Self.job, state: .ended)])
        _ = try second.ask(.forgetJob(Self.job))
        #expect(failure { _ = try second.follow(Self.job) }?.code == "agent.no-such-job")
    }

    @Test("a job killed during upload is told dead, and started again goes on without reading what it had sent")
    func killed() throws {
        let bench = try slowBench(), client = try ServeClient(bench)
        _ = try client.ask(.startJob(request(bench, rate: 1_000_000)))
        try client.send(.followJob(Self.job, after: 0))
        var done = 0
        while done < 3, let event = try client.next() { if case .job(_, .progress(let progress)) = event { done = progress.itemsDone } }
        kill(try #require(try JobLock.holder(bench.agent.job(Self.job).lock)), SIGKILL)
        var failure: Failure?
        while failure == nil, let event = try client.next() { if case .failed(let found) = event { failure = found } }
        #expect(failure?.code == "agent.job-died")
        guard case .jobs(let jobs) = try client.ask(.listJobs) else { return #expect(Bool(false), "no list") }
        #expect(jobs == [JobStatus(id: Self.job, state: .died)])
        // The largest went first.
        for number in 6...8 { try AgentBench.flip("\(bench.snapshot(1))/nb-\(number)-big-Data.db", at: 200_000) }
        _ = try client.ask(.startJob(request(bench)))
        guard case .uploaded(let result) = try client.follow(Self.job) else { return #expect(Bool(false), "no result") }
        #expect(result.reusedSSTables >= 3 && result.damaged.isEmpty && result.counts.sstables == 8)
    }

    @Test("a cancelled job stops between two pieces and says so")
    func cancelled() throws {
        let bench = try slowBench(), client = try ServeClient(bench)
        _ = try client.ask(.startJob(request(bench, rate: 100_000)))
        _ = try client.ask(.cancelJob(Self.job))
        #expect(failure { _ = try client.follow(Self.job) }?.code == "run.cancelled")
        #expect(failure { _ = try client.ask(.cancelJob(JobID(unchecked: "01J9ZK0000000000000000JB99"))) }?.code == "agent.no-such-job")
    }

    @Test("an upload that nobody follows ends with its lease and removes its snapshot")
    func leaseExpired() throws {
        let bench = try slowBench(), client = try ServeClient(bench)
        try bench.addSSTable(in: bench.snapshot(2))
        _ = try client.ask(.startJob(request(bench, rate: 10_000, lease: 1)))
        while try JobLock.isHeld(bench.agent.job(Self.job).lock) { usleep(50_000) }
        #expect(failure { _ = try client.follow(Self.job) }?.code == "agent.lease-expired")
        #expect(!FileManager.default.fileExists(atPath: bench.snapshot(1)) && FileManager.default.fileExists(atPath: bench.snapshot(2)))
    }

    @Test("no secret of a request reaches the disk, and nothing there is for others to read")
    func secrets() throws {
        let bench = try AgentBench(), client = try ServeClient(bench)
        var work = bench.uploadWork()
        work.store = .s3(S3Access(endpoint: "http://127.0.0.1:1", bucket: "b", accessKey: "canary-access", secretKey: "canary-secret", sessionToken: "canary-token"))
        _ = try client.ask(.startJob(JobRequest(id: Self.job, work: .upload(work), leaseSeconds: 60)))
        _ = failure { _ = try client.follow(Self.job) }
        let access = NodeAccess(jmxPort: 1, jmxUser: "u", jmxPassword: "canary-jmx"), other = JobID(unchecked: "01J9ZK0000000000000000JB02")
        _ = try client.ask(.startJob(JobRequest(id: other, work: .repair(RepairWork(access: access, keyspaces: [KeyspaceName(unchecked: "shop")], primaryRangeOnly: false, timeoutSeconds: 1)), leaseSeconds: 60)))
        #expect(failure { _ = try client.follow(other) } != nil)
        for name in try FileManager.default.subpathsOfDirectory(atPath: bench.agent.path) where !name.hasSuffix("aeneas-agent") {
            let path = bench.agent.path + "/" + name
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == ((try? Disk.names(in: path)) == nil ? 0o600 : 0o700), "\(name)")
            if let bytes = FileManager.default.contents(atPath: path) { #expect(!String(decoding: bytes, as: UTF8.self).contains("canary"), "\(name)") }
        }
    }

    @Test("folders are measured with Cassandra down and a folder gone")
    func measured() throws {
        let bench = try AgentBench(folders: 2), client = try ServeClient(bench)
        try AgentBench.write(Array(repeating: 1, count: 1000), bench.folders.data[0] + "/a")
        try FileManager.default.linkItem(atPath: bench.folders.data[0] + "/a", toPath: bench.folders.data[0] + "/b")
        try FileManager.default.removeItem(atPath: bench.folders.data[1])
        guard case .measured(let found) = try client.ask(.measure(bench.folders)) else { return #expect(Bool(false), "not measured") }
        #expect(found.folders.map(\.used) == [1000, 0, 0, 0] && found.folders.map(\.space.exists) == [true, false, true, true])
        #expect(found.folders[1].space.free > 0)
    }
}
