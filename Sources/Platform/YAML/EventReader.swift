import CYAML

/// Builds nodes out of libyaml's events. The parser is on the heap, since libyaml keeps pointers into it.
struct EventReader {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let duplicateKeys: YAML.DuplicateKeys
    private let limits: YAML.Limits
    private var anchors: [String: (node: YAMLNode, weight: Int)] = [:]
    private var nodeCount = 0

    /// An event as Swift values; its memory in libyaml is freed already.
    private struct Event {
        var kind: yaml_event_type_t
        var line: Int
        var column: Int
        var anchor: String?
        var tag: String?
        var text = ""
        var isPlain = true
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>, duplicateKeys: YAML.DuplicateKeys, limits: YAML.Limits) {
        self.duplicateKeys = duplicateKeys
        self.limits = limits
        precondition(yaml_parser_initialize(parser) == 1, "out of memory")
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    func close() {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func document() throws(YAMLError) -> YAMLNode {
        _ = try next()
        guard try next().kind == YAML_DOCUMENT_START_EVENT else { return .null }
        let node = try node(from: try next(), depth: 1).node
        _ = try next()
        let end = try next()
        guard end.kind == YAML_STREAM_END_EVENT else { throw error(.severalDocuments, at: end) }
        return node
    }

    private mutating func node(from event: Event, depth: Int) throws(YAMLError) -> (node: YAMLNode, weight: Int) {
        guard depth <= limits.depth else { throw error(.tooDeep(limit: limits.depth), at: event) }
        if event.kind == YAML_ALIAS_EVENT {
            guard let name = event.anchor, let target = anchors[name] else { throw error(.unknownAlias(event.anchor ?? ""), at: event) }
            try count(target.weight, at: event)
            return target
        }
        try count(1, at: event)
        let isString = try checkTag(event)
        let before = nodeCount
        let node: YAMLNode =
            switch event.kind {
            case YAML_SEQUENCE_START_EVENT: .sequence(try sequence(depth: depth))
            case YAML_MAPPING_START_EVENT: .mapping(try mapping(depth: depth))
            default: .scalar(event.text, quoted: isString || !event.isPlain)
            }
        let weight = 1 + nodeCount - before
        if let anchor = event.anchor { anchors[anchor] = (node, weight) }
        return (node, weight)
    }

    private mutating func sequence(depth: Int) throws(YAMLError) -> [YAMLNode] {
        var nodes: [YAMLNode] = []
        while case let event = try next(), event.kind != YAML_SEQUENCE_END_EVENT { nodes.append(try node(from: event, depth: depth + 1).node) }
        return nodes
    }

    private mutating func mapping(depth: Int) throws(YAMLError) -> [YAMLPair] {
        var pairs: [YAMLPair] = []
        var places: [String: Int] = [:]
        while case let event = try next(), event.kind != YAML_MAPPING_END_EVENT {
            guard case .scalar(let key, let quoted) = try node(from: event, depth: depth + 1).node else { throw error(.keyIsNotScalar, at: event) }
            if key == "<<", !quoted { throw error(.mergeKey, at: event) }
            let pair = YAMLPair(key, try node(from: try next(), depth: depth + 1).node, line: event.line)
            if let place = places[key] {
                if duplicateKeys == .refuse { throw error(.duplicateKey(key, firstLine: pairs[place].line), at: event) }
                pairs[place] = pair
            } else {
                places[key] = pairs.count
                pairs.append(pair)
            }
        }
        return pairs
    }

    private mutating func count(_ nodes: Int, at event: Event) throws(YAMLError) {
        nodeCount += nodes
        guard nodeCount <= limits.nodes else { throw error(.tooManyNodes(limit: limits.nodes), at: event) }
    }

    /// Whether the tag makes the node a string.
    private func checkTag(_ event: Event) throws(YAMLError) -> Bool {
        guard let tag = event.tag else { return false }
        let known = ["str", "int", "float", "bool", "null", "seq", "map"].map { "tag:yaml.org,2002:" + $0 }
        guard tag == "!" || known.contains(tag) else { throw error(.unknownTag(tag), at: event) }
        return tag == "!" || tag == known[0]
    }

    private func error(_ problem: YAMLError.Problem, at event: Event) -> YAMLError {
        YAMLError(problem: problem, line: event.line, column: event.column)
    }

    private func next() throws(YAMLError) -> Event {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&raw) }
        var event = Event(kind: raw.type, line: Int(raw.start_mark.line) + 1, column: Int(raw.start_mark.column) + 1)
        switch raw.type {
        case YAML_ALIAS_EVENT: event.anchor = Self.text(raw.data.alias.anchor)
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            event.anchor = Self.text(scalar.anchor)
            event.tag = Self.text(scalar.tag)
            event.text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            event.isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
        case YAML_SEQUENCE_START_EVENT: (event.anchor, event.tag) = (Self.text(raw.data.sequence_start.anchor), Self.text(raw.data.sequence_start.tag))
        case YAML_MAPPING_START_EVENT: (event.anchor, event.tag) = (Self.text(raw.data.mapping_start.anchor), Self.text(raw.data.mapping_start.tag))
        default: break
        }
        return event
    }

    private func syntaxError() -> YAMLError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "not readable"
        guard state.error != YAML_READER_ERROR else { return YAMLError(problem: .syntax("\(problem) at byte \(state.problem_offset)"), line: 0, column: 0) }
        return YAMLError(problem: .syntax(problem), line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1)
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(decodingCString: $0, as: UTF8.self) }
    }
}
