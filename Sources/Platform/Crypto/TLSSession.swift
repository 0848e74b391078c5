import COpenSSL
import Glibc

/// The TLS of one socket, between two memory buffers: it does no I/O itself, so that deadlines and SIGPIPE are the socket's business alone.
final class TLSSession {
    enum Step {
        case done(Int)
        /// The peer's next bytes are needed.
        case starved
        /// The peer ended TLS in order.
        case ended
        case failed(SocketError)
    }

    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private let endpoint: Endpoint

    init(_ options: TLSOptions, endpoint: Endpoint) throws(SocketError) {
        self.endpoint = endpoint
        context = try Self.makeContext(options, endpoint)
        guard let ssl = SSL_new(context), let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else { fatalError("OpenSSL has no memory") }
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
        aeneas_bio_empty_means_retry(incoming)
        SSL_set_bio(ssl, incoming, outgoing)
        SSL_set_connect_state(ssl)
        expect(options.serverName ?? endpoint.host)
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    private static func makeContext(_ options: TLSOptions, _ endpoint: Endpoint) throws(SocketError) -> OpaquePointer {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .tlsFailed(endpoint, reason: openSSLReason()) }
        do {
            aeneas_ssl_ctx_require_tls12(context)
            SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
            if options.verify { try trust(options, context, endpoint) }
            try identify(options, context)
            return context
        } catch {
            SSL_CTX_free(context)
            throw error
        }
    }

    private static func trust(_ options: TLSOptions, _ context: OpaquePointer, _ endpoint: Endpoint) throws(SocketError) {
        guard let file = options.caFile ?? SystemTrust.file else {
            throw .certificateNotTrusted(endpoint, reason: "no file of certificate authorities was given, and this system has none in a known place")
        }
        guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else { throw .badTLSFile(path: file, reason: fileReason(file)) }
    }

    private static func identify(_ options: TLSOptions, _ context: OpaquePointer) throws(SocketError) {
        guard let certificate = options.certificateFile else { return }
        guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else { throw .badTLSFile(path: certificate, reason: fileReason(certificate)) }
        let key = options.keyFile ?? certificate
        guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else { throw .badTLSFile(path: key, reason: fileReason(key)) }
    }

    private static func fileReason(_ path: String) -> String {
        let reason = openSSLReason()
        return access(path, R_OK) == 0 ? reason : String(cString: strerror(errno))
    }

    private func expect(_ name: String) {
        let checks = SSL_get0_param(ssl)
        if X509_VERIFY_PARAM_set1_ip_asc(checks, name) == 1 { return }
        ERR_clear_error()
        X509_VERIFY_PARAM_set1_host(checks, name, 0)
        _ = aeneas_ssl_set_server_name(ssl, name)
    }

    func handshake() -> Step { step { SSL_do_handshake(ssl) } }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Step {
        step { SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count)) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        step { SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count)) }
    }

    /// What must go to the peer now. Look after every step: even reading may produce some.
    func takeOutgoing() -> [UInt8] {
        let count = BIO_ctrl_pending(outgoing)
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        BIO_read(outgoing, &bytes, Int32(clamping: count))
        return bytes
    }

    func receive(_ bytes: UnsafeRawBufferPointer) { BIO_write(incoming, bytes.baseAddress, Int32(clamping: bytes.count)) }

    func sayGoodbye() { SSL_shutdown(ssl) }

    private func step(_ call: () -> Int32) -> Step {
        ERR_clear_error()
        let result = call()
        if result > 0 { return .done(Int(result)) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .starved
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: return .failed(failure())
        }
    }

    private func failure() -> SocketError {
        let reason = aeneas_error_reason(ERR_peek_error())
        let verdict = SSL_get_verify_result(ssl)
        defer { ERR_clear_error() }
        switch reason {
        case SSL_R_CERTIFICATE_VERIFY_FAILED: return .certificateNotTrusted(endpoint, reason: String(cString: X509_verify_cert_error_string(verdict)))
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_HTTP_REQUEST, SSL_R_RECORD_TOO_SMALL: return .notTLS(endpoint)
        default: return .tlsFailed(endpoint, reason: openSSLReason())
        }
    }
}
