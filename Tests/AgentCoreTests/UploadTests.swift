@testable import AgentCore
import BackupModel
import CassandraNode
import Compression
import Crypto
import Foundation
import ObjectStore
import ObjectStoreDrivers
import Testing

@Suite struct UploadTests {
    @Test("a second backup of unchanged files reads none of them and sends its manifest alone")
    func secondBackup() throws {
        let bench = try AgentBench(folders: 2)
        for number in 1...5 { try bench.addSSTable("nb-\(number)-big", size: number * 100_000, seed: UInt8(number), in: bench.snapshot(1, folder: number % 2)) }
        let first = try bench.upload(1), objects = try bench.objects()
        #expect(first.sentObjects == 10 && first.reusedSSTables == 0 && first.counts.sstables == 5 && first.counts.files == 30)
        for folder in 0...1 { try bench.link(1, to: 2, folder: folder) }
        // Had a byte of these been read, it would be found damaged.
        for number in 1...5 { try AgentBench.flip("\(bench.snapshot(2, folder: number % 2))/nb-\(number)-big-Data.db") }
        let second = try bench.upload(2)
        #expect(second.sentObjects == 0 && second.sentBytes == 0 && second.reusedSSTables == 5 && second.damaged.isEmpty)
        #expect(second.counts == first.counts)
        // One listing and one create.
        #expect(second.requests <= 3)
        let new = Set(try bench.objects().keys).subtracting(objects.keys)
        #expect(new == [ObjectKey.manifest(AgentBench.cluster, AgentBench.backup(2), AgentBench.host).text])
    }

    @Test("without a copy of its own the agent takes the store's last manifest, and only the one whose digest it was given")
    func previousManifest() throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        let first = try bench.upload(1)
        for number in 2...3 { try bench.link(1, to: number) }
        try FileManager.default.removeItem(atPath: bench.agent.path + "/cache")
        #expect(try bench.upload(2, previous: PreviousManifest(backup: AgentBench.backup(1), sha256: first.manifestSHA256)).reusedSSTables == 1)
        try FileManager.default.removeItem(atPath: bench.agent.path + "/cache")
        let wrong = PreviousManifest(backup: AgentBench.backup(1), sha256: SHA256Hex(unchecked: String(repeating: "0", count: 64)))
        let third = try bench.upload(3, previous: wrong)
        #expect(third.reusedSSTables == 0 && third.sentObjects == 0)
        #expect(bench.notes.codes == ["manifest.changed"])
    }

    @Test("an object that is gone from the store is sent again")
    func lostObject() throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        _ = try bench.upload(1)
        let key = try #require(try bench.objects().keys.first { $0.contains("Data.db.") })
        try bench.store.delete([ObjectKey(checking: key)])
        try bench.link(1, to: 2)
        let second = try bench.upload(2)
        #expect(second.sentObjects == 1 && second.reusedSSTables == 0)
        #expect(try bench.verify(second.manifestSHA256, backup: 2).faults.isEmpty)
    }

    @Test("a flipped byte in Data.db is kept, marked damaged at its source, reported, and remembered by the next backup")
    func damagedAtSource() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 500_000, in: bench.snapshot(1))
        try AgentBench.flip(bench.snapshot(1) + "/nb-1-big-Data.db", at: 250_000)
        let first = try bench.upload(1)
        #expect(first.counts.damaged == 1 && first.damaged.map(\.sstable.rawValue) == ["nb-1-big"])
        #expect(first.damaged.first?.damage.expected != first.damaged.first?.damage.found)
        #expect(bench.notes.codes == ["cassandra.sstable-damaged"])
        try bench.link(1, to: 2)
        #expect(try bench.upload(2).damaged == first.damaged)
        let verified = try bench.verify(first.manifestSHA256)
        #expect(verified.faults.isEmpty && verified.damagedAtSource == 1 && verified.objects == 2)
    }

    @Test("guarantee 13: a table whose snapshot has lost what Cassandra's own list names, or that list, gives no manifest", arguments: [[String](), ["manifest.json"]])
    func noEmptyManifest(alsoGone: [String]) throws {
        let bench = try AgentBench(), path = bench.snapshot(1)
        try bench.addSSTable(in: path)
        try bench.addSSTable(in: bench.snapshot(1, "customers"))
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasPrefix("nb-1-big-") || alsoGone.contains(name) {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        #expect { try bench.upload(1) } throws: { Failure($0).code == "cassandra.snapshot-unsound" }
        #expect(try bench.objects().keys.allSatisfy { !$0.contains("manifest") })
    }

    @Test("a Data.db that was damaged at one backup and is whole at the next is stored anew, and both backups verify")
    func wholeAgain() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 500_000, in: bench.snapshot(1))
        try AgentBench.flip(bench.snapshot(1) + "/nb-1-big-Data.db", at: 250_000)
        let first = try bench.upload(1)
        try bench.link(1, to: 2)
        try AgentBench.flip(bench.snapshot(2) + "/nb-1-big-Data.db", at: 250_000)
        try AgentBench.touch(bench.snapshot(2) + "/nb-1-big-Data.db")
        let second = try bench.upload(2)
        #expect(first.counts.damaged == 1 && second.counts.damaged == 0)
        #expect(try bench.verify(first.manifestSHA256).faults.isEmpty)
        #expect(try bench.verify(second.manifestSHA256, backup: 2).faults.isEmpty)
    }

    @Test("an object that an upload left without a record is trusted only if its bytes are the node's")
    func unrecordedObject() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 500_000, in: bench.snapshot(1))
        try AgentBench.flip(bench.snapshot(1) + "/nb-1-big-Data.db", at: 250_000)
        _ = try bench.upload(1)
        try AgentBench.flip(bench.snapshot(1) + "/nb-1-big-Data.db", at: 250_000)
        try AgentBench.touch(bench.snapshot(1) + "/nb-1-big-Data.db")
        try bench.link(1, to: 2)
        try bench.forgetCache()
        let second = try bench.upload(2)
        #expect(second.counts.damaged == 0)
        #expect(try bench.verify(second.manifestSHA256, backup: 2).faults.isEmpty)
    }

    @Test("a rewritten Statistics.db becomes another object; the old one stays, and Data.db is neither read nor sent")
    func rewrittenStatistics() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 300_000, in: bench.snapshot(1))
        _ = try bench.upload(1)
        let before = try bench.objects()
        try bench.link(1, to: 2)
        try FileManager.default.removeItem(atPath: bench.snapshot(2) + "/nb-1-big-Statistics.db")
        try AgentBench.write(Array("repaired".utf8), bench.snapshot(2) + "/nb-1-big-Statistics.db")
        // Not at its ends, which are part of its identity.
        try AgentBench.flip(bench.snapshot(2) + "/nb-1-big-Data.db", at: 150_000)
        let second = try bench.upload(2)
        #expect(second.sentObjects == 1 && second.damaged.isEmpty)
        let after = try bench.objects()
        #expect(before.allSatisfy { after[$0.key] == $0.value })
        #expect(after.keys.filter { $0.contains("components.tar.") }.count == 2 && after.keys.filter { $0.contains("Data.db.") }.count == 1)
    }

    @Test("the same name and size with other bytes is another object")
    func reusedName() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 1000, seed: 1, in: bench.snapshot(1))
        try bench.addSSTable(size: 1000, seed: 2, in: bench.snapshot(2))
        _ = try bench.upload(1)
        #expect(try bench.upload(2).sentObjects == 2)
        #expect(try bench.objects().keys.filter { $0.contains("Data.db.") }.count == 2)
    }

    @Test("without a Digest.crc32 the object is named by the SHA-256 of the whole file")
    func withoutDigest() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 200_000, digest: false, in: bench.snapshot(1))
        _ = try bench.upload(1)
        let data = try #require(AgentBench.bytes(bench.snapshot(1) + "/nb-1-big-Data.db"))
        #expect(try bench.objects().keys.contains { $0.hasSuffix("Data.db.\(SHA256.hash(data).hex)") })
    }

    @Test("the identity of a Data.db is what docs/formats.md says", arguments: [1000, 131_072, 131_073, 400_000])
    func identity(size: Int) throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: size, in: bench.snapshot(1))
        _ = try bench.upload(1)
        func file(_ component: String) throws -> [UInt8] { try #require(AgentBench.bytes(bench.snapshot(1) + "/nb-1-big-" + component)) }
        func number(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
        let data = try file("Data.db"), digest = try file("Digest.crc32"), info = try file("CompressionInfo.db")
        let ends = size <= 131_072 ? data : Array(data.prefix(65_536)) + Array(data.suffix(65_536))
        let expected = SHA256.hash(number(size) + number(digest.count) + digest + number(info.count) + info + ends).hex
        #expect(try bench.objects().keys.contains { $0.hasSuffix("Data.db.\(expected)") })
    }

    @Test("a small archive of components is named as sha256sum names what is in it")
    func smallIdentity() throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        _ = try bench.upload(1)
        let key = try #require(try bench.objects().keys.first { $0.contains("components.tar.") })
        let named = try run("sh", ["-c", "cd \"$1\" && tar -xf \"$2\" && tar -tf \"$2\" | xargs sha256sum | sha256sum", "sh", bench.root, "\(bench.root)/store/\(key)"])
        #expect(key.hasSuffix("components.tar." + named.prefix(64)))
    }

    @Test("components larger than the memory set aside for them are streamed, and come out of tar(1) as they are")
    func largeComponents() throws {
        let bench = try AgentBench(), index = (0..<9_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try bench.addSSTable(in: bench.snapshot(1))
        try AgentBench.write(index, bench.snapshot(1) + "/nb-1-big-Index.db")
        let result = try bench.upload(1)
        let key = try #require(try bench.objects().keys.first { $0.contains("components.tar.") })
        try run("tar", ["-xf", "\(bench.root)/store/\(key)", "-C", bench.root])
        #expect(AgentBench.bytes(bench.root + "/nb-1-big-Index.db") == index)
        #expect(try bench.verify(result.manifestSHA256).faults.isEmpty)
    }

    @Test("a large archive of components is named by what docs/formats.md says")
    func largeIdentity() throws {
        let bench = try AgentBench(), folder = bench.snapshot(1)
        try bench.addSSTable(in: folder)
        for (component, size) in [("Index.db", 2_000_000), ("Summary.db", 300_000)] { try AgentBench.write((0..<size).map { UInt8(truncatingIfNeeded: $0 / 11) }, "\(folder)/nb-1-big-\(component)") }
        _ = try bench.upload(1)
        func number(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
        let hash = SHA256(), names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("nb-1-big-") && !$0.hasSuffix("-Data.db") }.sorted()
        for name in names {
            let bytes = try #require(AgentBench.bytes("\(folder)/\(name)"))
            hash.update(number(name.utf8.count) + Array(name.utf8) + number(bytes.count))
            hash.update(bytes.count <= 131_072 ? bytes : Array(bytes.prefix(65_536)) + Array(bytes.suffix(65_536)))
        }
        #expect(names.count > 5)
        let expected = "components.tar." + hash.finish().hex
        #expect(try bench.objects().keys.contains { $0.hasSuffix(expected) })
    }

    @Test("a first backup reads each byte once, but for the ends of large files")
    func readOnce() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 20_000_000, in: bench.snapshot(1))
        try AgentBench.write(Array(repeating: 7, count: 20_000_000), bench.snapshot(1) + "/nb-1-big-Index.db")
        try AgentBench.write(Array(repeating: 7, count: 100_000), bench.snapshot(1) + "/nb-1-big-Filter.db")
        /// By this process, with `read` and its like.
        func bytesRead() throws -> Int {
            let text = try String(contentsOfFile: "/proc/self/io", encoding: .utf8)
            return try #require(text.split(separator: "\n").first { $0.hasPrefix("rchar: ") }.flatMap { Int($0.dropFirst(7)) })
        }
        let before = try bytesRead()
        _ = try UploadJob(bench.uploadWork(), bench.context()).run()
        let read = try bytesRead() - before
        #expect((40_100_000..<41_000_000).contains(read), "\(read) bytes")
    }

    @Test("an upload's progress ends at the bytes of its files, whether they are sent, are there already, or go beside what is there")
    func progress() throws {
        let bench = try AgentBench()
        for number in 1...2 { try bench.addSSTable("nb-\(number)-big", size: 300_000, seed: UInt8(number), in: bench.snapshot(1)) }
        try AgentBench.write(Array(repeating: 7, count: 2_000_000), bench.snapshot(1) + "/nb-1-big-Index.db")
        func end(_ backup: Int) throws -> BackupModel.Progress {
            let context = try bench.context()
            _ = try UploadJob(bench.uploadWork(backup), context).run()
            return try #require(context.meter.take())
        }
        for backup in 1...3 {
            if backup > 1 {
                try bench.link(backup - 1, to: backup)
                if backup == 3 { try AgentBench.flip(bench.snapshot(backup) + "/nb-1-big-Index.db", at: 1_000_000) }
                try AgentBench.touch(bench.snapshot(backup) + "/nb-1-big-Index.db")
            }
            let progress = try end(backup)
            #expect(progress.bytesDone == progress.bytesTotal && progress.itemsDone == 2, "backup \(backup): \(progress)")
        }
    }

    @Test("a large archive whose object has other bytes between the ends gets an object of its own, and both backups verify", arguments: [false, true])
    func sameEnds(isForgotten: Bool) throws {
        let bench = try AgentBench(), index = bench.snapshot(1) + "/nb-1-big-Index.db"
        try bench.addSSTable(in: bench.snapshot(1))
        try AgentBench.write(Array(repeating: 7, count: 2_000_000), index)
        let first = try bench.upload(1)
        try bench.link(1, to: 2)
        try AgentBench.flip(bench.snapshot(2) + "/nb-1-big-Index.db", at: 1_000_000)
        try AgentBench.touch(bench.snapshot(2) + "/nb-1-big-Index.db")
        if isForgotten { try bench.forgetCache() }
        let second = try bench.upload(2)
        #expect(second.sentObjects == 1)
        #expect(try bench.objects().keys.filter { $0.contains("components.tar.") }.count == 2)
        #expect(try bench.verify(first.manifestSHA256).faults.isEmpty)
        #expect(try bench.verify(second.manifestSHA256, backup: 2).faults.isEmpty)
        // And again: neither is sent another time.
        try bench.link(2, to: 3)
        try AgentBench.touch(bench.snapshot(3) + "/nb-1-big-Index.db")
        if isForgotten { try bench.forgetCache() }
        #expect(try bench.upload(3).sentObjects == 0)
    }

    @Test("a large archive that is in the store already is not sent again", arguments: [false, true])
    func largeReused(isForgotten: Bool) throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        try AgentBench.write(Array(repeating: 7, count: 2_000_000), bench.snapshot(1) + "/nb-1-big-Index.db")
        _ = try bench.upload(1)
        try bench.link(1, to: 2)
        try AgentBench.touch(bench.snapshot(2) + "/nb-1-big-Index.db")
        if isForgotten { try bench.forgetCache() }
        let second = try bench.upload(2)
        #expect(second.sentObjects == 0 && second.reusedSSTables == 0)
        #expect(try bench.verify(second.manifestSHA256, backup: 2).faults.isEmpty)
    }

    @Test("components that shrink or grow while they are sent are no object", arguments: [8_000_000, 10_000_000])
    func changedMeanwhile(size: Int) throws {
        let bench = try AgentBench(), path = bench.snapshot(1) + "/nb-1-big-Index.db"
        try AgentBench.write(Array(repeating: 7, count: 9_000_000), path)
        let status = try OpenFile.reading(path).status()
        let found = FoundFile(component: ComponentName(unchecked: "Index.db"), size: Int(status.st_size), inode: UInt64(status.st_ino), modified: 0)
        let sstable = SnapshotSSTable(name: SSTableName(unchecked: "nb-1-big"), folder: 0, index: nil, directory: bench.snapshot(1), files: [found])
        let archive = ComponentsArchive([SourceFile(found, of: sstable)]), reader = ArchiveReader(archive)
        let key = ObjectKey.manifest(AgentBench.cluster, AgentBench.backup(1), AgentBench.host)
        var isChanged = false
        let refused = failure {
            do throws(StoreError) {
                try bench.store.upload(key, size: archive.size, transfer: TransferControl()) { buffer in
                    defer {
                        if !isChanged { truncate(path, off_t(size)) }
                        isChanged = true
                    }
                    return try reader.read(into: buffer)
                }
            } catch {
                throw error.unwrapped
            }
        }
        #expect(refused?.code == "cassandra.snapshot-changed")
        #expect(try bench.store.size(of: key) == nil)
    }

    @Test("an upload that broke off is taken up where it stood: what was hashed is not read again")
    func resumed() throws {
        let bench = try AgentBench()
        for number in 1...4 { try bench.addSSTable("nb-\(number)-big", size: 200_000 + number, seed: UInt8(number), in: bench.snapshot(1)) }
        // The smallest goes last, and cannot be read.
        let last = bench.snapshot(1) + "/nb-1-big-Index.db"
        try FileManager.default.moveItem(atPath: last, toPath: bench.root + "/kept")
        try FileManager.default.createSymbolicLink(atPath: last, withDestinationPath: bench.root + "/kept")
        #expect(failure { _ = try UploadJob(bench.uploadWork(workers: 1), bench.context()).run() }?.code == "cassandra.snapshot-unsound")
        try FileManager.default.removeItem(atPath: last)
        try FileManager.default.moveItem(atPath: bench.root + "/kept", toPath: last)
        let stop = StopSignal(), context = try bench.context(stop)
        let watching = JobContext(parts: context.parts, agent: context.agent, folder: context.folder, followers: context.followers, stop: stop, meter: context.meter, note: context.note)
        let thread = Foundation.Thread {
            while !((watching.meter.take()?.itemsDone ?? 0) >= 2) { usleep(100) }
            stop.stop(Failure("run.cancelled", "cancelled"))
        }
        thread.start()
        #expect(failure { _ = try UploadJob(bench.uploadWork(workers: 1, rate: 400_000), watching).run() }?.code == "run.cancelled")
        for number in 3...4 { try AgentBench.flip("\(bench.snapshot(1))/nb-\(number)-big-Data.db", at: 100_000) }
        let result = try bench.upload(1)
        #expect(result.reusedSSTables == 2 && result.damaged.isEmpty && result.counts.sstables == 4)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.agent.cache(store: AgentBench.storeID, cluster: AgentBench.storeID)).count == 1)
    }

    @Test("repeating a finished upload gives the same manifest; another one under its key is never replaced")
    func repeated() throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        let first = try bench.upload(1), second = try bench.upload(1)
        #expect(first.manifestSHA256 == second.manifestSHA256 && first.counts == second.counts)
        try bench.addSSTable("nb-2-big", in: bench.snapshot(1))
        #expect(failure { _ = try bench.upload(1) }?.code == "manifest.exists")
        #expect(try bench.verify(first.manifestSHA256).faults.isEmpty)
    }

    @Test("verify counts up to the bytes that it has to read, and no further")
    func verifyProgress() throws {
        let bench = try AgentBench(), context = try bench.context()
        for number in 1...3 { try bench.addSSTable("nb-\(number)-big", size: number * 1000, seed: UInt8(number), in: bench.snapshot(1)) }
        let uploaded = try bench.upload(1)
        let work = VerifyWork(
            store: .folder(path: bench.root + "/store"), cluster: AgentBench.cluster, backup: AgentBench.backup(1), source: AgentBench.host, manifestSHA256: uploaded.manifestSHA256,
            transfer: Transfer(workers: 1))
        let verified = try VerifyJob(work, context).run(), progress = try #require(context.meter.take())
        #expect(progress.bytesDone == progress.bytesTotal && progress.bytesDone == verified.bytesRead && progress.itemsDone == 3)
    }

    @Test("verify names what is missing, cut short or changed")
    func verified() throws {
        let bench = try AgentBench()
        for number in 1...4 { try bench.addSSTable("nb-\(number)-big", seed: UInt8(number), in: bench.snapshot(1)) }
        let result = try bench.upload(1)
        func path(_ part: String) throws -> String { bench.root + "/store/" + (try #require(try bench.objects().keys.first { $0.contains(part) })) }
        let missing = try path("nb-1-big/Data.db"), cut = try path("nb-2-big/Data.db"), changed = try path("nb-3-big/components")
        try FileManager.default.removeItem(atPath: missing)
        try AgentBench.write(Array(repeating: 0, count: 10), cut)
        try AgentBench.flip(changed, at: 600)
        let faults = try bench.verify(result.manifestSHA256).faults
        #expect(faults.map(\.kind) == [.missing, .cutShort, .changed])
        #expect(faults.allSatisfy { !$0.detail.isEmpty })
    }
}
