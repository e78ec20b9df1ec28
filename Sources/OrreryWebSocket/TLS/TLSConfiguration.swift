/// What a server needs for TLS: who it is, and the proof of it.
///
/// The files are read when the server starts listening, and again at `reload()`, which is how a renewed certificate is
/// taken; connections that stand keep theirs. TLS 1.2 and 1.3 are spoken.
public struct TLSConfiguration: Hashable, Sendable {
    /// PEM: the server's certificate, then those between it and the one that clients trust.
    public var certificateFile: String
    /// PEM: the private key of the certificate, not encrypted. Readable for the server's user, best for nobody else.
    public var keyFile: String

    /// A certificate with its key, both in PEM.
    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
