package import BackupModel
import Crypto
import Foundation

/// An agent in Python, as the binary that is pushed: it needs nothing built, and can be told to misbehave.
///
/// Beyond what `NodeDispatchBench` asks for it answers `forgetJob` with silence, `restoreStatus` with bytes that are no frame, and `snapshot` by
/// killing itself.
package struct TestSSHDAgent: Sendable {
    package enum Manner: String, Sendable {
        case well
        /// Prints a greeting before its hello.
        case noisy
        /// Says nothing, ever.
        case silent
        /// Complains and ends with status 1.
        case quits
        /// Its hello is that of another release.
        case foreign
    }

    package let path: String
    package let sha256: SHA256Hex
    package let size: Int

    /// Why there can be none here, or nil.
    package static let unavailable: String? = python == nil ? "python3 is not installed" : nil

    private static let python: String? = {
        guard let output = try? TestSSHD.run("/usr/bin/env", ["python3", "-c", "import sys; print(sys.executable)"]) else { return nil }
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }()

    /// - Parameter salt: Makes another binary of it that behaves the same.
    package init(at path: String, _ manner: Manner = .well, salt: String = "") throws {
        let filled = Self.script.replacingOccurrences(of: "@PYTHON@", with: Self.python ?? "").replacingOccurrences(of: "@MANNER@", with: manner.rawValue)
        let text = filled + "# \(salt)\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        self.path = path
        let digest = SHA256()
        digest.update(Array(text.utf8))
        sha256 = try SHA256Hex(digest.finish().hex)
        size = text.utf8.count
    }

    private static let script = """
        #!@PYTHON@ -I
        import hashlib, json, os, select, signal, struct, sys

        manner = "@MANNER@"

        def say(event):
            body = json.dumps(event).encode()
            data = b"AEN1" + struct.pack(">I", len(body)) + body
            while data:
                data = data[os.write(1, data):]

        def take(count):
            data = bytearray()
            while len(data) < count:
                more = os.read(0, min(count - len(data), 1 << 16))
                if not more:
                    sys.exit(0)
                data += more
            return bytes(data)

        def wait(beat):
            while True:
                if select.select([0], [], [], 0.05)[0] and not os.read(0, 1):
                    sys.exit(0)
                if beat:
                    say({"heartbeat": {}})

        if sys.argv[1:] != ["serve"]:
            sys.exit("usage: serve")
        if manner == "quits":
            sys.exit("cannot find the moon")
        if manner == "silent":
            wait(False)
        if manner == "noisy":
            os.write(1, b"Welcome to node 7!\\nLast login: yesterday\\n")
        hello = {"protocolVersion": 1, "binarySHA256": hashlib.sha256(open(__file__, "rb").read()).hexdigest(),
                 "version": "test", "pid": os.getpid(), "hostName": "test"}
        say({"hello": {"_0": "from the future"}} if manner == "foreign" else {"hello": {"_0": hello}})

        def result(value):
            say({"result": {"_0": value}})

        while True:
            header = take(8)
            if header[:4] != b"AEN1":
                sys.exit("not a frame")
            request = json.loads(take(struct.unpack(">I", header[4:])[0]))
            verb, = request
            if verb == "listJobs":
                result({"jobs": {"_0": []}})
            elif verb == "followJob":
                for number in range(1, request[verb]["after"] + 1):
                    progress = {"phase": "upload", "itemsDone": number, "itemsTotal": 0, "bytesDone": 0, "bytesTotal": 0, "bytesReused": 0}
                    say({"job": {"number": number, "_1": {"progress": {"_0": progress}}}})
                result({"jobEnded": {"_0": {"succeeded": {"_0": {"done": {}}}}}})
            elif verb == "flush":
                say({"note": {"_0": {"level": "info", "text": ",".join(request[verb]["_0"]["keyspaces"])}}})
                result({"done": {}})
            elif verb == "inspect":
                say({"failed": {"_0": {"code": "test.refused", "summary": "refused by the test", "recovery": "fix", "causes": []}}})
            elif verb == "cancelJob":
                wait(True)
            elif verb == "forgetJob":
                wait(False)
            elif verb == "restoreStatus":
                os.write(1, b"Segmentation fault (not really)")
                wait(False)
            elif verb == "snapshot":
                os.write(2, b"out of memory\\n")
                os.kill(os.getpid(), signal.SIGKILL)

        """
}
