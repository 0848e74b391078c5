import BackupModel
import HTTPClient

struct S3Request {
    var method: String
    var key: ObjectKey?
    var query: [(String, String)] = []
    var fields: [HTTPField] = []
    /// Stays in memory for all attempts.
    var body: UnsafeRawBufferPointer?
    /// What is being done, for errors: "sending 'a/b'".
    var what: String

    init(_ method: String, _ key: ObjectKey? = nil, query: [(String, String)] = [], fields: [HTTPField] = [], body: UnsafeRawBufferPointer? = nil, what: String)
    {
        self.method = method
        self.key = key
        self.query = query
        self.fields = fields
        self.body = body
        self.what = what
    }
}
