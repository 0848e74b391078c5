#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The one way in which our values become JSON and come back: keys sorted, slashes left alone.
package enum JSONText {
    package static func encode(_ value: some Encodable) -> [UInt8] {
        do {
            return Array(try encoder.encode(value))
        } catch {
            // Our own values hold strings, integers and lists of them: there is nothing in them that JSON lacks.
            preconditionFailure("not encodable: \(error)")
        }
    }

    /// Indented, with a line end: for documents that people open.
    package static func encodeDocument(_ value: some Encodable) -> [UInt8] {
        let encoder = encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        do {
            return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
        } catch {
            preconditionFailure("not encodable: \(error)")
        }
    }

    /// - Throws: `JSONTextError`, which names the path of what does not fit.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Collection<UInt8>) throws(JSONTextError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw JSONTextError(error)
        } catch {
            throw JSONTextError(description: "\(error)")
        }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

package struct JSONTextError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(description: String) { self.description = description }

    init(_ error: DecodingError) {
        func path(_ context: DecodingError.Context) -> String {
            let text = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
            return text.isEmpty ? "the top" : text
        }
        description = switch error {
        case .keyNotFound(let key, let context): "'\(key.stringValue)' is missing at \(path(context))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(context.debugDescription) at \(path(context))"
        case .dataCorrupted(let context): "\(context.underlyingError.map { "\($0)" } ?? context.debugDescription) at \(path(context))"
        @unknown default: "\(error)"
        }
    }
}
