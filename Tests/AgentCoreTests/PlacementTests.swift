@testable import AgentCore
import BackupModel
import Foundation
import ObjectStore
import Testing

@Suite struct PlacementTests {
    /// Two data folders with old tables, a commit log and hints, and everything of another time staged.
    private func bench() throws -> AgentBench {
        let bench = try AgentBench(folders: 2)
        for folder in 0...1 { try bench.addSSTable("nb-\(folder + 7)-big", seed: 9, in: bench.snapshot(1, folder: folder)) }
        let manifest = try bench.upload(1)
        for folder in bench.folders.data { try FileManager.default.removeItem(atPath: folder + "/shop") }
        for (at, folder) in bench.folders.data.enumerated() {
            try AgentBench.write([1], "\(folder)/shop/orders-\(AgentBench.table)/nb-\(at)-big-Data.db")
            try AgentBench.write([2], "\(folder)/system/local-\(AgentBench.table)/nb-\(at)-big-Data.db")
        }
        try AgentBench.write([3], bench.folders.commitLog + "/CommitLog-7-1.log")
        try AgentBench.write([4], bench.folders.hints! + "/a.hints")
        _ = try StageJob(bench.stageWork(manifest.manifestSHA256), bench.context()).run()
        return bench
    }

    private func placement(_ bench: AgentBench) -> Placement { Placement(bench.layout, agent: bench.agent, parts: bench.parts) }

    private func node(_ bench: AgentBench) -> [String: String] { AgentBench.tree(bench.root + "/node").filter { !$0.key.contains(".aeneas-") } }

    private func hasSentinels(_ bench: AgentBench) -> Bool {
        bench.folders.data.allSatisfy { FileManager.default.fileExists(atPath: $0 + "/aeneas_restore_in_progress/restore-00000000000000000000000000000000/zz-1-big-Data.db") }
    }

    private func placed(_ bench: AgentBench) throws -> [String: String] {
        try placement(bench).place()
        return node(bench)
    }

    @Test("placing brings the backup's files, sets everything old aside, and empties commit log and hints")
    func place() throws {
        let bench = try bench(), old = node(bench), oldBytes = 2 * (1 + 1) + 1 + 1
        let new = try placed(bench)
        #expect(new.keys.filter { !$0.hasSuffix("/") }.count == 12)
        #expect(new.keys.contains("commitlog/") && new.keys.contains("hints/"))
        #expect(Set(new.keys).isDisjoint(with: old.keys))
        #expect(try RestoreStatus.of(bench.layout, bench.agent) == RestoreStatus(step: .placed, asideBytes: oldBytes))
        try placement(bench).place()
        #expect(node(bench) == new)
        try placement(bench).dropAside()
        #expect(AgentBench.tree(bench.root + "/node") == new)
        #expect(try RestoreStatus.of(bench.layout, bench.agent) == RestoreStatus(step: .none, asideBytes: 0))
        #expect(AgentCoreTests.failure { try placement(bench).place() }?.code == "restore.not-staged")
    }

    @Test("rolling back gives the old files again, whatever Cassandra wrote since, and leaves nothing of the restore")
    func rollBack() throws {
        let bench = try bench(), old = node(bench)
        _ = try placed(bench)
        try AgentBench.write([5], bench.folders.data[0] + "/system/later-\(AgentBench.table)/nb-1-big-Data.db")
        try AgentBench.write([6], bench.folders.commitLog + "/CommitLog-7-2.log")
        try placement(bench).rollBack()
        #expect(AgentBench.tree(bench.root + "/node") == old)
        #expect(try RestoreStatus.of(bench.layout, bench.agent).step == .none)
        try placement(bench).rollBack()
        #expect(AgentBench.tree(bench.root + "/node") == old)
    }

    @Test("data folders that are gone are made, and gone again after rolling back")
    func missingFolder() throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        let manifest = try bench.upload(1)
        try FileManager.default.removeItem(atPath: bench.folders.data[0])
        _ = try StageJob(bench.stageWork(manifest.manifestSHA256), bench.context()).run()
        #expect(try placed(bench).keys.contains("data1/shop/orders-\(AgentBench.table)/nb-1-big-Data.db"))
        try placement(bench).rollBack()
        #expect(AgentBench.tree(bench.root + "/node").keys.sorted() == ["commitlog/", "hints/"])
    }

    @Test("nothing is touched while a process holds the folders, or once cassandra.yaml names others")
    func refused() throws {
        let bench = try bench(), old = AgentBench.tree(bench.root + "/node")
        var parts = bench.parts
        parts.holders = { _ in ["1234 java"] }
        #expect(failure { try Placement(bench.layout, agent: bench.agent, parts: parts).place() }?.code == "cassandra.still-running")
        bench.folders.configuration = bench.root + "/cassandra.yaml"
        try AgentBench.write(Array("data_file_directories: [/somewhere/else]\n".utf8), bench.root + "/cassandra.yaml")
        let changed = failure { try placement(bench).place() }
        #expect(changed?.code == "restore.folders-changed" && changed?.summary.contains("/somewhere/else") == true)
        #expect(AgentBench.tree(bench.root + "/node") == old)
        try AgentBench.write(Array("data_file_directories: [\(bench.folders.data.joined(separator: ", "))]\ncommitlog_directory: \(bench.folders.commitLog)\n".utf8), bench.root + "/cassandra.yaml")
        try placement(bench).place()
    }

    @Test("what is set aside is not dropped between old and new, and nothing is rolled back once it is dropped")
    func order() throws {
        let bench = try bench()
        var record = try #require(try RestoreRecord.read(bench.layout, bench.agent))
        record.phase = .placing
        try record.write(bench.agent)
        #expect(failure { try placement(bench).dropAside() }?.code == "restore.unfinished")
        record.phase = .dropping
        try record.write(bench.agent)
        #expect(failure { try placement(bench).rollBack() }?.code == "restore.nothing-aside")
    }

    // MARK: killed at every point

    /// A library that ends the process by SIGKILL before its nth change of the file system.
    private static let killer: String? = {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("aeneas-killer-\(UUID().uuidString)").path
        let source = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <fcntl.h>
            #include <signal.h>
            #include <stdarg.h>
            #include <stdlib.h>
            #include <sys/stat.h>
            #include <unistd.h>
            static long left = -1;
            static void step(void) {
                if (left < 0) left = getenv("KILL_AT") ? atol(getenv("KILL_AT")) : 1L << 40;
                if (left-- == 0) { kill(getpid(), SIGKILL); pause(); }
            }
            #define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
            int rename(const char *a, const char *b) { REAL(rename); step(); return real(a, b); }
            int mkdir(const char *a, mode_t m) { REAL(mkdir); step(); return real(a, m); }
            int rmdir(const char *a) { REAL(rmdir); step(); return real(a); }
            int unlink(const char *a) { REAL(unlink); step(); return real(a); }
            int fsync(int d) { REAL(fsync); step(); return real(d); }
            int open(const char *a, int f, ...) {
                REAL(open); va_list l; va_start(l, f); mode_t m = f & O_CREAT ? va_arg(l, mode_t) : 0; va_end(l);
                if (f & O_CREAT) step();
                return real(a, f, m);
            }
            """
        do {
            try AgentBench.write(Array(source.utf8), folder + "/killer.c")
            try run("cc", ["-shared", "-fPIC", "-o", folder + "/killer.so", folder + "/killer.c", "-ldl"])
            return folder + "/killer.so"
        } catch {
            return nil
        }
    }()

    /// Runs the work as a job's process does, in a process of its own.
    ///
    /// - Returns: Whether it was killed before its end.
    private func runKilled(_ bench: AgentBench, _ work: JobWork, at point: Int, id: String) throws -> Bool {
        let process = Process(), input = Pipe(), job = JobRequest(id: JobID(unchecked: id), work: work, leaseSeconds: 60)
        process.executableURL = URL(fileURLWithPath: try ServeClient.install(bench))
        process.arguments = ["job", bench.agent.job(job.id).path]
        process.environment = ["LD_PRELOAD": Self.killer!, "KILL_AT": "\(point)"]
        if let path = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] { process.environment?["LD_LIBRARY_PATH"] = path }
        process.standardInput = input
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(JSONText.encode(job)))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        if process.terminationReason == .uncaughtSignal { return true }
        guard process.terminationStatus == 0, case .succeeded = try JournalReader.outcome(bench.agent.job(job.id).events) else { throw Failed(text: "the job failed at point \(point)") }
        return false
    }

    private static let place = "01J9ZK00000000000000P1ACE0", back = "01J9ZK000000000000000BACK0"

    @Test(
        "killed before any change of the file system, placing leaves old, new or a mixture that cannot start, and both goes on and goes back",
        .enabled(if: ServeClient.binary != nil && PlacementTests.killer != nil, "needs aeneas-agent beside the tests and a C compiler"))
    func placeKilled() throws {
        let reference = try bench(), new = try placed(reference)
        var point = 0, wasKilled = true, mixtures = 0
        while wasKilled {
            for goesOn in [true, false] {
                let bench = try bench(), old = node(bench)
                wasKilled = try runKilled(bench, .place(bench.layout), at: point, id: Self.place)
                let left = node(bench)
                if left != old, left != new {
                    mixtures += 1
                    // All sentinels stand before the first name has moved, and until the last one has; the first of them may be on its way.
                    let moved = left.filter { !$0.key.contains("aeneas_restore_in_progress") }
                    if moved != old, moved != new { #expect(hasSentinels(bench), "point \(point)") }
                }
                if goesOn {
                    try placement(bench).place()
                    #expect(node(bench) == new, "point \(point)")
                    try placement(bench).rollBack()
                } else {
                    try placement(bench).rollBack()
                }
                #expect(AgentBench.tree(bench.root + "/node") == old, "point \(point)")
            }
            point += 1
        }
        #expect(point > 40 && mixtures > 20)
    }

    @Test(
        "killed before any change of the file system, rolling back can be begun again to the same end",
        .enabled(if: ServeClient.binary != nil && PlacementTests.killer != nil, "needs aeneas-agent beside the tests and a C compiler"))
    func rollBackKilled() throws {
        var point = 0, wasKilled = true
        while wasKilled {
            let bench = try bench(), old = node(bench), new = try placed(bench)
            wasKilled = try runKilled(bench, .rollBack(bench.layout), at: point, id: Self.back)
            let left = node(bench).filter { !$0.key.contains("aeneas_restore_in_progress") }
            if left != old, left != new { #expect(hasSentinels(bench), "point \(point)") }
            try placement(bench).rollBack()
            #expect(AgentBench.tree(bench.root + "/node") == old, "point \(point)")
            point += 1
        }
        #expect(point > 40)
    }
}
