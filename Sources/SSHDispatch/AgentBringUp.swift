import BackupModel
import NodeDispatch

/// From a login to the hello of our own agent: starts what is there, and puts our binary in its place where that is none or another.
struct AgentBringUp: Sendable {
    let binary: AgentBinary
    let settings: SSHSettings
    private let bytes: AgentBytes

    init(binary: AgentBinary, settings: SSHSettings) {
        self.binary = binary
        self.settings = settings
        bytes = AgentBytes(binary)
    }

    private enum Started {
        case ours(AgentHello, AgentFrameReader)
        /// Ours may help; the text says what is there instead.
        case notOurs(String)
    }

    func agent(on node: NodeTarget, in folder: AgentFolder, over session: SSHSession) async throws -> SSHAgentConnection {
        let name = DispatchError.NodeName(node)
        if case .ours(let hello, let reader) = try await start(folder, on: name, session) {
            return SSHAgentConnection(hello: hello, reader: reader, session: session, node: name, stallTimeout: settings.stallTimeout)
        }
        try await push(to: folder, on: name, session)
        switch try await start(folder, on: name, session) {
        case .ours(let hello, let reader):
            return SSHAgentConnection(hello: hello, reader: reader, session: session, node: name, stallTimeout: settings.stallTimeout)
        case .notOurs(let what): throw DispatchError.agentNotStarted(name, detail: "after it was put there anew: \(what)")
        }
    }

    private func start(_ folder: AgentFolder, on node: DispatchError.NodeName, _ session: SSHSession) async throws -> Started {
        do {
            try await session.start(folder.serveCommand, by: .now + settings.connectTimeout)
            return try await hello(on: node, session)
        } catch let error as SSHSessionError {
            switch error {
            case .lost(let detail): throw DispatchError.connectionLost(node, detail: detail)
            case .refused(let detail): throw DispatchError.agentNotStarted(node, detail: detail)
            case .timedOut:
                let text = await session.commandEnd.errorText
                throw DispatchError.agentNotStarted(node, detail: "no hello from it in \(settings.helloTimeout)" + (text.isEmpty ? "" : ": \(text)"))
            }
        }
    }

    private func hello(on node: DispatchError.NodeName, _ session: SSHSession) async throws -> Started {
        var reader = AgentFrameReader()
        let deadline = ContinuousClock.now + settings.helloTimeout
        while let piece = try await session.read(within: deadline - .now) {
            reader.feed(piece)
            do {
                guard let body = try reader.next() else { continue }
                // Another release's hello may not be readable: it is replaced like any other that is not ours.
                guard case .hello(let hello)? = try? JSONText.decode(AgentEvent.self, from: body) else { return .notOurs("it says another hello") }
                guard hello.binarySHA256 == binary.sha256 else {
                    return .notOurs("an agent with the SHA-256 \(hello.binarySHA256) answers, ours has \(binary.sha256)")
                }
                return .ours(hello, reader)
            } catch AgentFrameError.noise(let text) {
                throw DispatchError.noise(node, text: text)
            } catch AgentFrameError.tooLong(let count) {
                throw DispatchError.agentProtocol(node, detail: "\(AgentFrameError.tooLong(count))")
            }
        }
        let end = await session.commandEnd
        guard end.wasNotRun else { throw DispatchError.agentNotStarted(node, detail: "it \(end.description)") }
        return .notOurs("it \(end.description)")
    }

    private func push(to folder: AgentFolder, on node: DispatchError.NodeName, _ session: SSHSession) async throws {
        let bytes = bytes
        let loaded: AgentBytes.Loaded
        do {
            loaded = try await onOwnThread { try bytes.load() }
        } catch let error as AgentBinaryError {
            throw DispatchError.agentNotStarted(node, detail: error.description)
        }
        do throws(SSHSessionError) {
            let random = String(UInt64.random(in: .min ... .max), radix: 16)
            try await session.start(folder.installCommand(binary, random: random), by: .now + settings.connectTimeout)
            await session.enqueue(loaded.bytes)
            await session.endInput()
            while try await session.read(within: settings.stallTimeout) != nil {}
        } catch {
            switch error {
            case .lost(let detail): throw DispatchError.connectionLost(node, detail: detail)
            case .refused(let detail): throw DispatchError.agentNotStarted(node, detail: detail)
            case .timedOut: throw DispatchError.agentNotStarted(node, detail: "it could not be put into '\(folder.path)': the node takes no more of it")
            }
        }
        let end = await session.commandEnd
        guard end.status == 0 else {
            throw DispatchError.agentNotStarted(node, detail: "it could not be put into '\(folder.path)': the command \(end.description)")
        }
    }
}
