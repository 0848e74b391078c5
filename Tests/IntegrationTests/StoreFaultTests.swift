import Foundation
import Testing

extension RealCassandra {
    @Suite("faults of the store", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct StoreFault {
        private static let needsMounts: Comment = "this user may not mount a file system in memory"

        @Test("a folder that cannot be written is refused before any snapshot", .enabled(if: SmallFileSystem.isPossible, needsMounts))
        func readOnly() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed()), disk = try SmallFileSystem(size: "64m")
            try await add(disk.path, scene)
            try disk.remount("ro")
            let ran = try await refusedBackup(scene, "store.access-denied")
            #expect(ran.errors.contains(disk.path) && ran.errors.contains("read-only file system"), "\(ran)")
            let run = try await onlyRun(scene)
            #expect(run.stages.map(\.name) == ["check"], "no snapshot was taken")
            try await scene.expectNoBackup(of: run, in: disk.path)
            let other = try await scene.master.aeneas("store", "add", "other", "--folder", disk.path)
            #expect(other.status == 1 && other.errors.contains("code: store.access-denied"), "\(other)")
            try disk.remount("rw")
            try await scene.expectNextBackupWorks(store: "disk")
            scene.master.kill(SIGTERM)
        }

        @Test("a folder whose file system is not mounted is refused before any snapshot, and nothing is written beneath", .enabled(if: SmallFileSystem.isPossible, needsMounts))
        func notMounted() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed()), disk = try SmallFileSystem(size: "64m")
            try await add(disk.path, scene)
            disk.unmount()
            let ran = try await refusedBackup(scene, "store.changed")
            #expect(ran.errors.contains(disk.path) && ran.errors.contains("is it mounted"), "\(ran)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
            let checked = try await scene.master.aeneas("store", "check", "disk")
            #expect(checked.status == 1 && checked.errors.contains("code: store.changed"), "\(checked)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
            try await scene.expectNothingLeft()
            scene.master.kill(SIGTERM)
        }

        @Test("a folder that is gone is refused before any snapshot, and not made anew")
        func gone() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed()), path = scene.master.folder + "/gone"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            try await add(path, scene)
            try FileManager.default.removeItem(atPath: path)
            let ran = try await refusedBackup(scene, "store.misconfigured")
            #expect(ran.errors.contains(path), "\(ran)")
            #expect(!FileManager.default.fileExists(atPath: path))
            try await scene.expectNothingLeft()
            scene.master.kill(SIGTERM)
        }

        @Test("a store that runs full fails the backup, and goes on where it was once there is room", .enabled(if: SmallFileSystem.isPossible, needsMounts))
        func full() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed()), disk = try SmallFileSystem(size: "6m")
            try await add(disk.path, scene)
            let ran = try await refusedBackup(scene, "store.full")
            #expect(ran.errors.contains(disk.path), "\(ran)")
            try await scene.expectNoBackup(of: try await onlyRun(scene), in: disk.path)
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/-unfinished") == [])
            let before = StoredFile.all(in: disk.path)
            try disk.remount("size=64m")
            try await scene.expectNextBackupWorks(store: "disk")
            before.expectUnchanged(in: StoredFile.all(in: disk.path))
            scene.master.kill(SIGTERM)
        }

        @Test("a wrong secret is refused by name, before any snapshot")
        func wrongSecret() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed()), gateway = try await SharedGateway.shared.description(), credentials = scene.master.folder + "/credentials-disk"
            let added = try await scene.master.addStore("s3", as: "disk")
            try #require(added.status == 0, "\(added)")
            try scene.master.writeCredentials(gateway.accessKey, "not" + gateway.secretKey, to: credentials)
            let ran = try await refusedBackup(scene, "store.signature-refused")
            #expect(!ran.errors.contains(gateway.secretKey))
            let other = try await scene.master.aeneas(
                "store", "add", "other", "--s3", "--endpoint", gateway.endpoint, "--bucket", gateway.bucket, "--region", gateway.region, "--credentials", credentials)
            #expect(other.status == 1 && other.errors.contains("code: store.signature-refused"), "\(other)")
            try await scene.expectNothingLeft()
            try scene.master.writeCredentials(gateway.accessKey, gateway.secretKey, to: credentials)
            try await scene.expectNextBackupWorks(store: "disk")
            scene.master.kill(SIGTERM)
        }

        @Test("a bucket that is not there, or no longer, is refused by name, before any snapshot")
        func noBucket() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed()), gateway = try await SharedGateway.shared.description()
            let bucket = "gone-" + UUID().uuidString.lowercased().prefix(8), credentials = scene.master.folder + "/credentials-disk"
            try scene.master.writeCredentials(gateway.accessKey, gateway.secretKey, to: credentials)
            let words = ["store", "add", "disk", "--s3", "--endpoint", gateway.endpoint, "--bucket", bucket, "--region", gateway.region, "--credentials", credentials]
            let absent = try await scene.master.aeneas(words)
            #expect(absent.status == 1 && absent.errors.contains("code: store.no-such-bucket") && absent.errors.contains("HINT: "), "\(absent)")
            try await request("PUT", "/\(bucket)", gateway)
            let added = try await scene.master.aeneas(words)
            try #require(added.status == 0, "\(added)")
            try await request("DELETE", "/\(bucket)/aeneas.json", gateway)
            try await request("DELETE", "/\(bucket)", gateway)
            _ = try await refusedBackup(scene, "store.no-such-bucket")
            try await scene.expectNothingLeft()
            scene.master.kill(SIGTERM)
        }

        private func add(_ path: String, _ scene: FaultScene) async throws {
            let added = try await scene.master.aeneas("store", "add", "disk", "--folder", path)
            try #require(added.status == 0, "\(added)")
        }

        private func refusedBackup(_ scene: FaultScene, _ code: String, _ location: SourceLocation = #_sourceLocation) async throws -> Ran {
            let ran = try await scene.master.aeneas("backup", "start", "prod", "--store", "disk", "--keyspace", FaultRows.keyspace)
            #expect(ran.status == 1, "\(ran)", sourceLocation: location)
            #expect(ran.errors.contains("code: \(code)"), "\(ran)", sourceLocation: location)
            #expect(ran.errors.contains("HINT: "), "\(ran)", sourceLocation: location)
            let backups = try #require(try await scene.master.json("backup", "list") as? [[String: Any]], sourceLocation: location)
            #expect(backups.compactMap { $0["state"] as? String }.filter { $0 != "failed" } == [], sourceLocation: location)
            return ran
        }

        private func onlyRun(_ scene: FaultScene) async throws -> ShownRun {
            let runs = try #require(try await scene.master.json("run", "list") as? [[String: Any]])
            #expect(runs.count == 1)
            return try await scene.show(try #require(runs.first?["id"] as? String))
        }

        /// One request without a body, signed as the test bed signs.
        private func request(_ method: String, _ path: String, _ gateway: SharedGateway.Description) async throws {
            let script = """
                import datetime, json, sys, urllib.request
                sys.dont_write_bytecode = True
                sys.path.insert(0, sys.argv[1])
                from bed import s3
                server, method, path = json.loads(sys.argv[2]), sys.argv[3], sys.argv[4]
                request = urllib.request.Request(server["endpoint"] + path, method=method)
                for name, value in s3.headers(server, method, path, datetime.datetime.now(datetime.timezone.utc)).items():
                    request.add_header(name, value)
                urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60).close()
                """
            let server = String(decoding: try JSONEncoder().encode(gateway), as: UTF8.self)
            let ran = try await Subprocess.run("/usr/bin/python3", ["-c", script, TestBed.repository + "/deploy", server, method, path])
            try #require(ran.status == 0, "\(method) \(path): \(ran)")
        }
    }
}
