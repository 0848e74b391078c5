import Crypto

/// A method of RMIServer or RMIConnection, called by a hash of its signature.
struct RemoteMethod {
    enum Result {
        case value
        case nothing
        case boolean
    }

    let name: String
    let descriptor: String
    let result: Result

    /// The first eight bytes of the SHA-1 over name and descriptor, read in little-endian order.
    var hash: UInt64 {
        var text: [UInt8] = []
        text.appendUTF(name + descriptor)
        return SHA1.hash(text).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private init(_ name: String, _ descriptor: String, _ result: Result = .value) {
        self.name = name
        self.descriptor = descriptor
        self.result = result
    }

    private static let objectName = "Ljavax/management/ObjectName;"
    private static let string = "Ljava/lang/String;"
    private static let object = "Ljava/lang/Object;"
    private static let marshalled = "Ljava/rmi/MarshalledObject;"
    private static let subject = "Ljavax/security/auth/Subject;"

    static let newClient = RemoteMethod("newClient", "(\(object))Ljavax/management/remote/rmi/RMIConnection;")
    static let getAttribute = RemoteMethod("getAttribute", "(\(objectName)\(string)\(subject))\(object)")
    static let getAttributes = RemoteMethod("getAttributes", "(\(objectName)[\(string)\(subject))Ljavax/management/AttributeList;")
    static let setAttribute = RemoteMethod("setAttribute", "(\(objectName)\(marshalled)\(subject))V", .nothing)
    static let invoke = RemoteMethod("invoke", "(\(objectName)\(string)\(marshalled)[\(string)\(subject))\(object)")
    static let queryNames = RemoteMethod("queryNames", "(\(objectName)\(marshalled)\(subject))Ljava/util/Set;")
    static let isRegistered = RemoteMethod("isRegistered", "(\(objectName)\(subject))Z", .boolean)
    static let getDefaultDomain = RemoteMethod("getDefaultDomain", "(\(subject))\(string)")
    static let close = RemoteMethod("close", "()V", .nothing)
    static let addNotificationListeners = RemoteMethod("addNotificationListeners", "([\(objectName)[\(marshalled)[\(subject))[Ljava/lang/Integer;")
    static let fetchNotifications = RemoteMethod("fetchNotifications", "(JIJ)Ljavax/management/remote/NotificationResult;")
}
