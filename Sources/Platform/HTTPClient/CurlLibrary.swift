import CCurl
import Glibc

enum CurlLibrary {
    /// Set up once for the process, by whoever comes first.
    static let started: Bool = {
        // OpenSSL writes without MSG_NOSIGNAL: a peer that hangs up would end the process. A handler that somebody has set is left alone.
        var action = sigaction()
        if sigaction(SIGPIPE, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil { signal(SIGPIPE, SIG_IGN) }
        return curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
    }()

    /// Before 8.0 libcurl lays HTTP/2 a second time over a kept connection that was opened so without TLS, and every exchange but the first breaks
    /// (its pull request 10643).
    static let switchesTwice: Bool = curl_version_info(CURLVERSION_FIRST).pointee.version_num < 0x08_0000

    /// The first of the places where systems keep their authorities: a library that was built on one distribution looks only where that one keeps them.
    static let caFile: String? = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ].first { access($0, R_OK) == 0 }
}
