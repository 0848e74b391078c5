import Crypto

/// A Throwable as a chain of causes, outermost first.
struct RemoteFailure {
    struct Link {
        let javaClass: String
        let message: String?
    }

    let chain: [Link]

    var outermost: Link { chain[0] }
    var innermost: Link { chain[chain.count - 1] }

    /// JMX and RMI keep a wrapped exception in fields of their own; a cause may also be the exception itself, which means that there is none.
    init?(_ thrown: JavaValue) {
        var chain: [Link] = []
        var next: JavaObject? = if case .object(let object) = thrown { object } else { nil }
        while let object = next {
            var message: String?
            if case .string(let text) = object["detailMessage"] { message = text }
            chain.append(Link(javaClass: object.className, message: message))
            next =
                ["exception", "runtimeException", "error", "detail", "cause"].lazy.compactMap { field -> JavaObject? in
                    if case .object(let cause) = object[field] { cause } else { nil }
                }.first
        }
        if chain.isEmpty { return nil }
        self.chain = chain
    }

    /// - Parameters:
    ///   - member: The attribute or operation called.
    ///   - isOperation: Which of the two it is.
    func error(call: String, mbean: String?, member: String?, isOperation: Bool) -> JMXError {
        let inner = innermost
        switch outermost.javaClass {
        case "java.rmi.NoSuchObjectException": return .expired
        // The server may have left our arguments unread and then closes the socket.
        case let name where name.hasPrefix("java.rmi."):
            return .broken(call: call, reason: chain.map { "\($0.javaClass): \($0.message ?? "no message")" }.joined(separator: " <- "))
        case "javax.management.InstanceNotFoundException": return .noSuchMBean(mbean ?? inner.message ?? "?")
        case "javax.management.AttributeNotFoundException": return .noSuchAttribute(mbean: mbean ?? "?", attribute: member ?? inner.message ?? "?")
        case "java.lang.SecurityException": return .accessDenied(call: call, reason: inner.message ?? "no reason given")
        case "javax.management.ReflectionException" where isOperation && inner.javaClass == "java.lang.NoSuchMethodException":
            return .noSuchOperation(mbean: mbean ?? "?", operation: member ?? "?")
        default: return .remote(call: call, javaClass: inner.javaClass, message: inner.message)
        }
    }
}
