import BackupModel
import Foundation
import ObjectStore
import Synchronization

extension ObjectStoreConformance {
    package static let rules = [
        createsOnce, racesAreWonOnce, roundTrips, replacesWholly, listsInOrder, keepsPrefixesApart, keepsOddKeys, deletes, reportsAbsence, passesErrorsOn,
        refusesShortSources,
        cancelsWithoutTrace, countsRequests, probesWithoutTrace,
    ]

    private static let createsOnce = Self(description: "creates an object once and leaves it alone") { place in
        let store = place.store, first = bytes(100)
        try expect(try store.create(key("a/once.json"), first), "a new object is created")
        try expect(try !store.create(key("a/once.json"), [1, 2, 3]), "a second creator is told")
        try expect(try whole(store, key("a/once.json")) == first, "a second creator changes nothing")
        try expect(try store.create(key("a/empty"), []), "an empty object is created")
        try expect(try store.size(of: key("a/empty")) == 0, "an empty object is there")
    }

    private static let racesAreWonOnce = Self(description: "lets one of sixteen creators win") { place in
        let store = place.store
        guard try store.probe().conditionalCreate else { return }
        for round in 0..<3 {
            let outcomes = Mutex<[Result<UInt8?, any Error>]>([])
            let key = try key("race/\(round)")
            DispatchQueue.concurrentPerform(on: 16) { number in
                let outcome = Result<UInt8?, any Error> { try store.create(key, [UInt8](repeating: UInt8(number), count: 1000)) ? UInt8(number) : nil }
                outcomes.withLock { $0.append(outcome) }
            }
            let winners = try outcomes.withLock { try $0.compactMap { try $0.get() } }
            try expect(winners.count == 1, "one creator wins, not \(winners)")
            try expect(try whole(store, key) == [UInt8](repeating: winners[0], count: 1000), "the winner's bytes are kept")
        }
    }

    private static let roundTrips = Self(description: "gives back what it was sent, whatever the size and the pieces") { place in
        let store = place.store, part = place.partSize
        for size in [0, 1, part - 1, part, part + 1, 3 * part + 17] {
            let key = try key("trip/\(size)"), sent = bytes(size), source = CountedSource(sent, piece: 65_537), moved = Mutex(0)
            try store.upload(key, size: size, transfer: TransferControl(moved: { count in moved.withLock { $0 += count } }), body: source.read)
            try expect(source.given == size, "the source of \(size) bytes is read once")
            try expect(moved.withLock { $0 } == size, "\(size) bytes are told of, not \(moved.withLock { $0 })")
            try expect(try store.size(of: key) == size, "\(size) bytes are stored")
            try expect(try whole(store, key) == sent, "\(size) bytes come back as they were")
        }
    }

    private static let replacesWholly = Self(description: "replaces an object as a whole") { place in
        let store = place.store, key = try key("again")
        for size in [5000, 10] { try store.upload(key, size: size, transfer: TransferControl(), body: CountedSource(bytes(size), piece: 999).read) }
        try expect(try whole(store, key) == bytes(10), "the second upload stands alone")
    }

    private static let listsInOrder = Self(description: "lists more than a page in the order of the keys' bytes") { place in
        let store = place.store, count = 1005
        // '.' and '-' come before '/', '0' after: folders do not sort as their names do.
        let texts = ["l/a.b", "l/a/b", "l/a-b", "l/a0", "l/é", "l/z"] + (0..<count).map { "l/many/\($0)" }
        let failed = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(on: 8) { worker in
            do {
                for text in texts.enumerated().filter({ $0.offset % 8 == worker }).map(\.element) {
                    try store.upload(key(text), size: 1, transfer: TransferControl(), body: CountedSource([7], piece: 1).read)
                }
            } catch { failed.withLock { $0 = error } }
        }
        if let error = failed.withLock({ $0 }) { throw error }
        var pages: [Int] = [], listed: [String] = []
        try store.list(
            prefix: "l/",
            page: { page in
                pages.append(page.count)
                listed += page.map(\.key.text)
                try expect(page.allSatisfy { $0.size == 1 }, "sizes are listed")
            }, foreign: { listed.append("foreign: " + $0) })
        try expect(
            listed == texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) },
            "each key is listed once and in order, not \(listed.prefix(8))… (\(listed.count))")
        try expect(pages.allSatisfy { $0 <= 1000 } && pages.count >= 2, "pages hold at most 1,000: \(pages)")
        try store.delete(texts.map { try key($0) })
        try expect(try store.list(prefix: "l/").isEmpty, "more than a batch is deleted")
    }

    private static let keepsPrefixesApart = Self(description: "keeps a name and its longer neighbour apart") { place in
        let store = place.store
        for text in ["p/b1/x", "p/b10/x", "p/b1", "p/b1.json"] where text != "p/b1" { _ = try store.create(key(text), []) }
        try expect(try store.list(prefix: "p/b1/").map(\.key.text) == ["p/b1/x"], "'b1/' is not 'b10/'")
        try expect(try store.list(prefix: "p/b1").map(\.key.text) == ["p/b1.json", "p/b1/x", "p/b10/x"], "a prefix may end within a name")
        try expect(try store.list(prefix: "p/b2/").isEmpty, "a prefix without objects is empty")
        try expect(try store.list(prefix: "").count >= 3, "the empty prefix is everything")
    }

    private static let keepsOddKeys = Self(description: "keeps keys with characters that URLs and XML have a use for") { place in
        let store = place.store
        let texts = ["odd/.orders_customer/a+b", "odd/a b", "odd/a%20b", "odd/a&b=c?d#e", "odd/<a>'\"", "odd/é😀", "odd/~a!b*c(d)e:f@g,h;i$j"].sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        }
        for text in texts { try expect(try store.create(key(text), Array(text.utf8)), "'\(text)' is created") }
        for text in texts { try expect(try whole(store, key(text)) == Array(text.utf8), "'\(text)' comes back") }
        try expect(try store.list(prefix: "odd/").map(\.key.text) == texts, "all are listed as they were named")
        try expect(try store.list(prefix: "odd/a+").isEmpty && store.list(prefix: "odd/a&b").count == 1, "prefixes are taken literally")
        try store.delete(texts.map { try key($0) })
        try expect(try store.list(prefix: "odd/").isEmpty, "all are deleted")
    }

    private static let deletes = Self(description: "deletes what is there and minds nothing that is not") { place in
        let store = place.store
        _ = try store.create(key("d/one"), [1])
        _ = try store.create(key("d/deep/er/two"), [2])
        _ = try store.create(key("d/kept"), [3])
        try store.delete([key("d/one"), key("d/none"), key("none/at/all"), key("d/deep/er/two")])
        try store.delete([])
        try expect(try store.list(prefix: "d/").map(\.key.text) == ["d/kept"], "what was not named stays")
        try expect(try store.size(of: key("d/one")) == nil, "what was deleted has no size")
        try expect(try store.create(key("d/deep/er/two"), [4]), "what was deleted can be created again")
    }

    private static let reportsAbsence = Self(description: "says when there is no such object") { place in
        let store = place.store
        _ = try store.create(key("n/is"), [1])
        for text in ["n/none", "n/is/below", "none", "n"] {
            let key = try key(text)
            try expect(try store.size(of: key) == nil, "'\(text)' has no size")
            do {
                try store.download(key, transfer: TransferControl()) { _ in }
                throw Broken(description: "'\(text)' can be read")
            } catch StoreError.notFound(let missing, place: _) {
                try expect(missing == key, "the missing key is named")
            }
        }
    }

    private struct Mine: Error {}

    private static let passesErrorsOn = Self(description: "passes the caller's own errors through") { place in
        let store = place.store, key = try key("e/thing")
        func expectMine(_ what: String, _ body: () throws -> Void) throws {
            do {
                try body()
                throw Broken(description: "\(what): no error")
            } catch StoreError.sink(let error) {
                try expect(error is Mine, "\(what) passes its error on, not \(error)")
            }
        }
        try store.upload(key, size: 300_000, transfer: TransferControl(), body: CountedSource(bytes(300_000), piece: 1000).read)
        try expectMine("a sink") { try store.download(key, transfer: TransferControl()) { _ in throw Mine() } }
        try expectMine("a page") { try store.list(prefix: "e/", page: { _ in throw Mine() }, foreign: { _ in }) }
        for size in [10, place.partSize * 2] {
            let source = CountedSource(bytes(size), piece: 65_536)
            try expectMine("a body") {
                try store.upload(try Self.key("e/never"), size: size, transfer: TransferControl()) { buffer in
                    guard source.given < size / 2 else { throw Mine() }
                    return source.read(UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size / 2)))
                }
            }
        }
        do {
            _ = try store.read(key, limit: 299_999)
            throw Broken(description: "more is read than allowed")
        } catch StoreError.tooLarge {}
        try expect(try store.list(prefix: "e/").map(\.key.text) == ["e/thing"], "a failed upload leaves nothing to see")
    }

    private static let refusesShortSources = Self(description: "stores nothing of a source that ends early") { place in
        let store = place.store, key = try key("s/short")
        for size in [100, place.partSize + 100] {
            do {
                try store.upload(key, size: size, transfer: TransferControl(), body: CountedSource(bytes(size - 1), piece: 70_000).read)
                throw Broken(description: "a short source is taken")
            } catch StoreError.sink {}
            try expect(try store.size(of: key) == nil, "nothing of it is seen")
        }
    }

    private static let cancelsWithoutTrace = Self(description: "leaves nothing to see of a cancelled upload") { place in
        let store = place.store, key = try key("c/cancelled"), size = place.partSize * 2 + 5
        for patience in [0, place.partSize / 2, place.partSize + place.partSize / 2, size] {
            let moved = Mutex(0)
            let transfer = TransferControl(isCancelled: { moved.withLock { $0 } >= patience }, moved: { count in moved.withLock { $0 += count } })
            do {
                try store.upload(key, size: size, transfer: transfer, body: CountedSource(bytes(size), piece: 300_000).read)
                throw Broken(description: "a cancelled upload ends well")
            } catch StoreError.cancelled {}
            try expect(try store.size(of: key) == nil && store.list(prefix: "c/").isEmpty, "nothing is seen after \(patience) bytes")
        }
        try store.upload(key, size: 500_000, transfer: TransferControl(), body: CountedSource(bytes(500_000), piece: 300_000).read)
        do {
            try store.download(key, transfer: TransferControl(isCancelled: { true })) { _ in }
            throw Broken(description: "a cancelled download ends well")
        } catch StoreError.cancelled {}
    }

    private static let countsRequests = Self(description: "counts its requests") { place in
        let store = place.store, before = store.requests
        _ = try store.create(key("q/one"), [1])
        let created = store.requests
        _ = try store.size(of: key("q/one"))
        try expect(created > before && store.requests == created + 1, "a look at a size is one request")
    }

    private static let probesWithoutTrace = Self(description: "probes without leaving a trace") { place in
        let before = try place.store.list(prefix: "")
        let traits = try place.store.probe()
        try expect(abs(traits.clockOffsetMilliseconds ?? 0) < 5000, "the clocks of one machine agree")
        try expect(try place.store.list(prefix: "") == before, "the probe's object is gone")
    }
}

extension DispatchQueue {
    /// Threads of its own for each: `concurrentPerform` would use only as many as there are processors.
    fileprivate static func concurrentPerform(on threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for number in 0..<threads {
            group.enter()
            Thread.detachNewThread {
                body(number)
                group.leave()
            }
        }
        group.wait()
    }
}
