package import BackupModel

/// The line by which a person opens an instance without any part of ours. It prints `grpc-status: 0` when it did.
package func commandByHand(unpause target: PauseTarget, tls: PauseTLS?) -> String {
    let endpoint = GRPCEndpoint(target, tls)
    var words = ["curl", "-sS", "-o", "/dev/null", "-D", "-", "-m", "10", tls == nil ? "--http2-prior-knowledge" : "--http2"]
    // The text of the authorities is at hand here, and not its file.
    if tls?.caPEM != nil { words += ["--cacert", "AUTHORITIES.pem"] }
    for connectTo in endpoint.connectTo { words += ["--connect-to", shellQuoted(connectTo)] }
    if let authority = endpoint.authority { words += ["-H", shellQuoted("host: \(authority)")] }
    words += ["-H", "'content-type: application/grpc'", "-H", "'te: trailers'", "--data-binary", "@-", shellQuoted("\(endpoint.url)/rpc.Admin/Unpause")]
    return #"printf '\0\0\0\0\0' | "# + words.joined(separator: " ")
}

private func shellQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
}
