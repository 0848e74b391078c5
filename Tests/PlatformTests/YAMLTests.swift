import Testing
import YAML

@Suite("YAML") struct YAMLTests {
    private func problem(_ text: String, limits: YAML.Limits = YAML.Limits()) -> YAMLError? {
        do throws(YAMLError) {
            _ = try YAML.parse(text, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test("scalars, lists and mappings come in the file's order with their lines")
    func structure() throws {
        let node = try YAML.parse(
            "# settings\ncluster_name: 'Test Cluster'\ndata:\n  - /a\n  - \"/b\\n\"\nseed: {class: X, parameters: [{seeds: 10.0.0.1}]}\nempty:\n")
        #expect(
            node
                == .mapping([
                    YAMLPair("cluster_name", .scalar("Test Cluster", quoted: true)),
                    YAMLPair("data", .sequence([.scalar("/a", quoted: false), .scalar("/b\n", quoted: true)])),
                    YAMLPair(
                        "seed",
                        .mapping([
                            YAMLPair("class", .scalar("X", quoted: false)),
                            YAMLPair("parameters", .sequence([.mapping([YAMLPair("seeds", .scalar("10.0.0.1", quoted: false))])])),
                        ])),
                    YAMLPair("empty", .null),
                ])
        )
        #expect(node.pairs?.map(\.line) == [2, 3, 6, 7])
        #expect(node.string(at: "seed", "class") == "X")
        #expect(node.strings(at: "data") == ["/a", "/b\n"])
        #expect(node.strings(at: "empty") == [])
        #expect(node.string(at: "empty") == nil)
        #expect(node.string(at: "seed", "nothing", "below") == nil)
    }

    @Test("only plain scalars are numbers, booleans and null")
    func scalars() throws {
        let node = try YAML.parse("a: 12\nb: '12'\nc: Yes\nd: \"yes\"\ne: ~\nf: '~'\ng: !!str 7\nh: -0x10\ni: 010\nj: 1_000\nk: |\n  true\nl: +-5\n")
        #expect(node.integer(at: "a") == 12)
        #expect(node.integer(at: "b") == nil)
        #expect(node.bool(at: "c") == true)
        #expect(node.bool(at: "d") == nil)
        #expect(node["e"]?.isNull == true)
        #expect(node.string(at: "f") == "~")
        #expect(node.integer(at: "g") == nil)
        #expect(node.integer(at: "h") == -16)
        #expect(node.integer(at: "i") == nil)
        #expect(node.integer(at: "j") == 1000)
        #expect(node.bool(at: "k") == nil)
        #expect(node.integer(at: "l") == nil)
    }

    @Test("an empty text is null and so is one of comments", arguments: ["", "# nothing\n", "---\n...\n"])
    func empty(text: String) throws { #expect(try YAML.parse(text).isNull) }

    @Test("aliases stand for what their anchors name")
    func aliases() throws {
        let node = try YAML.parse("base: &b [1, 2]\ncopy: *b\n? &k key\n: *k\n")
        #expect(node["copy"] == node["base"])
        #expect(node.string(at: "key") == "key")
    }

    @Test("a bomb of aliases is refused before it goes off")
    func bomb() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for i in 1...12 { text += "a\(i): &a\(i) [" + Array(repeating: "*a\(i - 1)", count: 10).joined(separator: ", ") + "]\n" }
        #expect(problem(text)?.problem == .tooManyNodes(limit: 200_000))
    }

    @Test("an alias within its own anchor, or of none, is refused")
    func recursive() throws {
        #expect(problem("a: &a [*a]")?.problem == .unknownAlias("a"))
        #expect(problem("a: *b")?.problem == .unknownAlias("b"))
    }

    @Test("deep nesting is refused without running out of stack")
    func deep() throws {
        #expect(problem(String(repeating: "[", count: 100_000))?.problem == .tooDeep(limit: 64))
        #expect(problem(String(repeating: "[", count: 60) + String(repeating: "]", count: 60)) == nil)
        #expect(problem(String(repeating: "- ", count: 100_000))?.problem == .tooDeep(limit: 64))
    }

    @Test("a key given twice is refused with both lines, or the last one counts")
    func duplicates() throws {
        let text = "a: 1\nb: 2\na: 3\n"
        let error = try #require(problem(text))
        #expect(error.description == "line 3, column 1: key 'a' is already given in line 1")
        #expect(try YAML.parse(text, duplicateKeys: .lastWins).integer(at: "a") == 3)
    }

    @Test("errors name line and column")
    func places() throws {
        let error = try #require(problem("a: 1\nb: [1, 2\nc: 3\n"))
        #expect(error.line == 3)
        #expect(problem("a: 1\n\tb: 2\n")?.line == 2)
        #expect(problem("a: \u{1}")?.problem != nil)
    }

    @Test("what we do not read is refused by name")
    func refused() throws {
        #expect(problem("a: 1\n---\nb: 2\n")?.problem == .severalDocuments)
        #expect(problem("[1]: 2")?.problem == .keyIsNotScalar)
        #expect(problem("a: &a {x: 1}\nb:\n  <<: *a\n")?.problem == .mergeKey)
        #expect(problem("a: !!python/object:os.system x")?.problem == .unknownTag("tag:yaml.org,2002:python/object:os.system"))
        #expect(problem("a: 1", limits: YAML.Limits(bytes: 3))?.problem == .tooLarge(limitBytes: 3))
        #expect(throws: YAMLError.self) { try YAML.parse([0x61, 0x3a, 0x20, 0xff, 0xfe]) }
    }

    @Test("no cut of a valid text and no flipped byte of it crashes the reader")
    func mutations() throws {
        let text = Array("a: &x {b: [1, 'two', \"th\\tree\"], c: *x2}\nd: |\n  block\n  text\ne: !!int 5 # note\n? k\n: v\n".utf8)
        for length in 0...text.count { _ = try? YAML.parse(Array(text.prefix(length))) }
        for index in text.indices {
            for bit in 0..<8 {
                var copy = text
                copy[index] ^= 1 << bit
                _ = try? YAML.parse(copy)
            }
        }
    }
}
