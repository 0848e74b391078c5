import BackupModel
import CommandParser
import ControlAPI

extension Command {
    private static let s3Options = ["endpoint", "bucket", "region", "prefix", "credentials", "profile", "ca"]

    static let storeAdd = Command(
        "add", "Make a folder or an S3 bucket known as a store",
        discussion: """
            A folder has the same absolute path on the master and on every node: a network file system, or one host. An S3 store is any server with that interface.

            Credentials and authorities are files on the master's host, in the form of ~/.aws/credentials and PEM.
            """,
        options: [
            .value("folder", as: "PATH", type: .path, help: "a folder"), .flag("s3", help: "an S3 bucket"),
            .value("endpoint", as: "URL", help: "the S3 server, as in https://s3.eu-west-1.amazonaws.com"), .value("bucket", as: "NAME", help: "the bucket, which must exist"),
            .value("region", as: "NAME", help: "its region, us-east-1 if not given"), .value("prefix", as: "PATH", help: "first part of every object's key"),
            .value("credentials", as: "FILE", type: .path, help: "file with access keys"), .value("profile", as: "NAME", help: "section of that file, 'default' if not given"),
            .flag("virtual-host", help: "the bucket is part of the host's name, not of the path"), .value("ca", as: "FILE", type: .path, help: "authorities to trust for the server"),
        ],
        operands: [.name("store")],
        examples: [
            CommandExample("aeneas store add archive --folder /mnt/backups", "A folder that is mounted everywhere"),
            CommandExample(
                "aeneas store add prod --s3 --endpoint https://s3.eu-west-1.amazonaws.com --region eu-west-1 --bucket backups --prefix cassandra --credentials /etc/aeneas/s3", "A bucket"),
        ]
    ) { context in
        let store = try context.client.post("/stores", try body(context), as: StoreBody.self)
        context.show(store) { "store '\(store.name)' is known: \(StoreText.place(store))\n".plainLines }
        return .done
    }

    private static func body(_ context: CommandContext) throws -> StoreBody {
        let given = context.invocation, misplaced = s3Options.first { given.value($0) != nil } ?? (given.flag("virtual-host") ? "virtual-host" : nil)
        switch (given.value("folder"), given.flag("s3")) {
        case (.some, true): throw UsageFault("--folder and --s3 exclude each other")
        case (nil, false): throw UsageFault("where is the store?", hint: "--folder PATH or --s3")
        case (.some, false):
            if let misplaced { throw UsageFault("--\(misplaced) is for --s3") }
            var body = StoreBody(name: try context.name("name"), kind: .folder)
            body.path = try context.absolutePath("folder", on: "the master and the nodes")
            return body
        case (nil, true): return try s3(context)
        }
    }

    private static func s3(_ context: CommandContext) throws -> StoreBody {
        let given = context.invocation
        for option in ["endpoint", "bucket"] where given.value(option) == nil { throw UsageFault("an S3 store needs --\(option)") }
        var body = StoreBody(name: try context.name("name"), kind: .s3)
        body.endpoint = given.value("endpoint")
        body.bucket = given.value("bucket")
        body.region = given.value("region")
        body.prefix = given.value("prefix")
        body.credentialsFile = try context.absolutePath("credentials")
        body.profile = given.value("profile")
        body.pathStyle = !given.flag("virtual-host")
        body.caFile = try context.absolutePath("ca")
        return body
    }
}
