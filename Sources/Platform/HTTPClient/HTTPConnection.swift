import CCurl

/// One libcurl handle, which keeps its connections alive between exchanges. Calls block.
///
/// Used by one thread at a time; different threads may use it one after the other, which is all that `@unchecked` vouches for.
package final class HTTPConnection: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    /// What is changed counts from the next exchange on.
    package var options: HTTPOptions
    /// By all exchanges together: 1 as long as they all went over the first one.
    package private(set) var connectionsMade = 0

    package init(_ options: HTTPOptions = HTTPOptions()) {
        guard CurlLibrary.started, let handle = curl_easy_init() else { fatalError("libcurl cannot start: out of memory") }
        self.handle = handle
        self.options = options
    }

    deinit {
        curl_easy_cleanup(handle)
        errorText.deallocate()
    }

    /// - Parameter limit: Bytes that the answer's body may have.
    /// - Throws: `HTTPError`; an answer of any status is none.
    package func send(_ request: HTTPRequest, limit: Int = 16 << 20, isCancelled: () -> Bool = { false }) throws(HTTPError) -> HTTPResponse {
        try withoutActuallyEscaping(isCancelled) { isCancelled throws(HTTPError) in
            try perform(Exchange(request, limit: limit, sink: nil, stallSeconds: options.stallSeconds, isCancelled: isCancelled), request)
        }
    }

    /// Gives the body of a 2xx answer to `sink` as it comes. Another answer's body is in the response, up to 64 KiB.
    package func send(
        _ request: HTTPRequest, isCancelled: () -> Bool = { false }, sink: (HTTPHead, UnsafeRawBufferPointer) throws -> Void
    ) throws(HTTPError) -> HTTPResponse {
        try withoutActuallyEscaping(isCancelled) { isCancelled throws(HTTPError) in
            try withoutActuallyEscaping(sink) { sink throws(HTTPError) in
                try perform(Exchange(request, limit: 1 << 16, sink: sink, stallSeconds: options.stallSeconds, isCancelled: isCancelled), request)
            }
        }
    }

    private func perform(_ exchange: Exchange, _ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        let lines = try headerLines(request)
        if CurlLibrary.switchesTwice, options.version == .http2, connectionsMade > 0 {
            let code = run(exchange, request, lines, keptOnly: true)
            if code != CURLE_COULDNT_CONNECT || exchange.hasBegun { return try response(exchange, code) }
        }
        return try response(exchange, run(exchange, request, lines, keptOnly: false))
    }

    private func response(_ exchange: Exchange, _ code: CURLcode) throws(HTTPError) -> HTTPResponse {
        if let failure = exchange.failure { throw failure }
        // Whatever else breaks a stream has words of its own.
        if code == CURLE_HTTP2_STREAM, errorText[0] == 0, exchange.head.status == 0 { throw .answerLost }
        guard code == CURLE_OK else { throw error(code, hasBegun: exchange.hasBegun) }
        return HTTPResponse(head: exchange.head, body: exchange.body)
    }

    /// - Parameter keptOnly: Only over a connection that is there. It has HTTP/2 then, and libcurl must not be told of it again.
    private func run(_ exchange: Exchange, _ request: HTTPRequest, _ lines: [String], keptOnly: Bool) -> CURLcode {
        curl_easy_reset(handle)
        applyOptions()
        var lists: [UnsafeMutablePointer<curl_slist>?] = []
        defer { lists.forEach { curl_slist_free_all($0) } }
        lists.append(set(CURLOPT_HTTPHEADER, lines))
        if !options.connectTo.isEmpty { lists.append(set(CURLOPT_CONNECT_TO, options.connectTo)) }
        applyRequest(request)
        if keptOnly {
            _ = aeneas_curl_set_kept_only(handle)
            _ = aeneas_curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        }
        let code = withExtendedLifetime(exchange) {
            applyCallbacks(Unmanaged.passUnretained(exchange).toOpaque())
            return curl_easy_perform(handle)
        }
        countConnections()
        return code
    }

    /// Those that came about, whatever became of the exchange.
    private func countConnections() {
        var made = 0
        if isConnected, aeneas_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &made) == CURLE_OK { connectionsMade += made }
    }

    /// Whether the last exchange came so far that something of the request may have been sent.
    private var isConnected: Bool {
        var microseconds: curl_off_t = 0
        return aeneas_curl_get_offset(handle, CURLINFO_PRETRANSFER_TIME_T, &microseconds) == CURLE_OK && microseconds > 0
    }

    /// A line end within would be a header of somebody else's choice.
    private func headerLines(_ request: HTTPRequest) throws(HTTPError) -> [String] {
        func isSound(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
        guard isSound(request.method), isSound(request.url) else { throw .badRequest("control characters in the URL") }
        for field in request.fields where !isSound(field.name) || !isSound(field.value) { throw .badRequest("control characters in the field '\(field.name)'") }
        // `Name;` is libcurl's way to say an empty value, and `Expect:` to keep it from waiting for a 100.
        return request.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" } + ["Expect:"]
    }

    private func applyOptions() {
        errorText[0] = 0
        _ = aeneas_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        for (option, value) in [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_TCP_NODELAY, 1), (CURLOPT_TCP_KEEPALIVE, 1), (CURLOPT_BUFFERSIZE, 1 << 18), (CURLOPT_UPLOAD_BUFFERSIZE, 1 << 18),
            (CURLOPT_NOPROGRESS, 0), (CURLOPT_PATH_AS_IS, 1), (CURLOPT_CONNECTTIMEOUT_MS, options.connectSeconds * 1000),
            (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
        ] { _ = aeneas_curl_set_long(handle, option, value) }
        let version: Int =
            switch options.version {
            case .http1: Int(CURL_HTTP_VERSION_1_1)
            case .negotiated: Int(CURL_HTTP_VERSION_2TLS)
            case .http2: Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
            }
        _ = aeneas_curl_set_long(handle, CURLOPT_HTTP_VERSION, version)
        if let total = options.totalSeconds { _ = aeneas_curl_set_long(handle, CURLOPT_TIMEOUT_MS, Int(total * 1000)) }
        _ = aeneas_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = aeneas_curl_set_text(handle, CURLOPT_PROXY, options.proxy ?? "")
        if options.proxy == nil { _ = aeneas_curl_set_text(handle, CURLOPT_NOPROXY, "*") }
        if let path = options.unixSocket { _ = aeneas_curl_set_text(handle, CURLOPT_UNIX_SOCKET_PATH, path) }
        applyAuthorities()
    }

    private func applyAuthorities() {
        // The folder that libcurl was built with would be trusted as well.
        if options.caFile != nil || options.caPEM != nil { _ = aeneas_curl_set_text(handle, CURLOPT_CAPATH, nil) }
        if let caPEM = options.caPEM {
            _ = Array(caPEM.utf8).withUnsafeBytes { aeneas_curl_set_blob(handle, CURLOPT_CAINFO_BLOB, $0.baseAddress, $0.count) }
        } else if let caFile = options.caFile ?? CurlLibrary.caFile {
            _ = aeneas_curl_set_text(handle, CURLOPT_CAINFO, caFile)
        }
    }

    private func applyRequest(_ request: HTTPRequest) {
        _ = aeneas_curl_set_text(handle, CURLOPT_URL, request.url)
        if request.method == "HEAD" { _ = aeneas_curl_set_long(handle, CURLOPT_NOBODY, 1) }
        let size: Int? =
            switch request.body {
            case .none: nil
            case .bytes(let bytes): bytes.count
            case .stream(let size, _): size ?? -1
            }
        if let size {
            _ = aeneas_curl_set_long(handle, CURLOPT_UPLOAD, 1)
            _ = aeneas_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, size)
        }
        _ = aeneas_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func applyCallbacks(_ context: UnsafeMutableRawPointer) {
        for option in [CURLOPT_READDATA, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_SEEKDATA, CURLOPT_XFERINFODATA] {
            _ = aeneas_curl_set_pointer(handle, option, context)
        }
        _ = aeneas_curl_set_io(handle, CURLOPT_HEADERFUNCTION) { buffer, size, count, context in
            Exchange.of(context).takeHeader(UnsafeRawBufferPointer(start: buffer, count: size * count))
            return size * count
        }
        _ = aeneas_curl_set_io(handle, CURLOPT_WRITEFUNCTION) { buffer, size, count, context in
            Exchange.of(context).takeBody(UnsafeRawBufferPointer(start: buffer, count: size * count)) ? size * count : Int(CURL_WRITEFUNC_ERROR)
        }
        _ = aeneas_curl_set_io(handle, CURLOPT_READFUNCTION) { buffer, size, count, context in
            Exchange.of(context).giveBody(UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        }
        _ = aeneas_curl_set_seek(handle) { context, offset, _ in
            offset == 0 && Exchange.of(context).rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
        _ = aeneas_curl_set_progress(handle) { context, _, down, _, up in
            Exchange.of(context).goesOn(movedSoFar: Int64(down + up)) ? 0 : 1
        }
    }

    private func set(_ option: CURLoption, _ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        let list = lines.reduce(nil as UnsafeMutablePointer<curl_slist>?) { curl_slist_append($0, $1) }
        _ = aeneas_curl_set_list(handle, option, list)
        return list
    }

    /// - Parameter hasBegun: The request may have been sent over a kept connection that broke, whatever happened to the next one.
    private func error(_ code: CURLcode, hasBegun: Bool) -> HTTPError {
        let text = String(cString: errorText[0] != 0 ? UnsafePointer(errorText) : curl_easy_strerror(code))
        return switch code {
        case CURLE_COULDNT_CONNECT where hasBegun, CURLE_SSL_CONNECT_ERROR where hasBegun: .cutShort("the connection broke before an answer; \(text)")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .couldNotResolve(text)
        // A handshake that broke off; a certificate that is not trusted has a code of its own.
        case CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR: .couldNotConnect(text)
        case CURLE_OPERATION_TIMEDOUT where !isConnected: .couldNotConnect(text)
        case CURLE_OPERATION_TIMEDOUT: .timedOut(text)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR: .tls(text)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND, CURLE_HTTP2, CURLE_HTTP2_STREAM: .cutShort(text)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badRequest(text)
        default: .other(code: Int(code.rawValue), text)
        }
    }
}
