import Glibc

/// How a client checks its peer and shows itself.
package struct TLSOptions: Hashable, Sendable {
    /// PEM file of the authorities to trust; nil for the system's.
    package var caFile: String?
    /// The name or address that the certificate must carry; nil for the one that was dialled.
    package var serverName: String?
    /// Without it anyone may pose as the peer.
    package var verify: Bool
    /// PEM files of the client's own certificate chain and key, where the server asks for one.
    package var certificateFile: String?
    package var keyFile: String?

    package init(caFile: String? = nil, serverName: String? = nil, verify: Bool = true, certificateFile: String? = nil, keyFile: String? = nil) {
        self.caFile = caFile
        self.serverName = serverName
        self.verify = verify
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// The certificate authorities that this system trusts.
package enum SystemTrust {
    /// `SSL_CERT_FILE`, or the first of the places where distributions keep them; nil when there is none.
    ///
    /// A statically linked OpenSSL knows only the place of the system that it was built on, and the agent runs on others.
    package static var file: String? {
        if let stated = getenv("SSL_CERT_FILE"), stated.pointee != 0 { return String(cString: stated) }
        return places.first { access($0, R_OK) == 0 }
    }

    private static let places = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]
}
