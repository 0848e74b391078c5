import BackupModel
import HTTPClient

struct S3Request {
    var method: String
    var key: ObjectKey?
    var query: [(String, String)] = []
    var fields: [HTTPField] = []
    /// Stays in memory for all attempts.
    var body: UnsafeRawBufferPointer?
    /// Of `body`, in hexadecimal, where it is known already.
    var sha256: String?
    /// What is being done, for errors: "sending 'a/b'".
    var what: String

    init(_ method: String, _ key: ObjectKey? = nil, query: [(String, String)] = [], fields: [HTTPField] = [], body: UnsafeRawBufferPointer? = nil, sha256: String? = nil, what: String)
    {
        self.method = method
        self.key = key
        self.query = query
        self.fields = fields
        self.body = body
        self.sha256 = sha256
        self.what = what
    }
}
