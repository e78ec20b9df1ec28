/// A server's certificate and private key for TLS.
///
/// The files are read when the server starts listening, and again at `reload()`, which loads a renewed certificate;
/// existing connections keep the old one. The server supports TLS 1.2 and 1.3.
public struct TLSConfiguration: Hashable, Sendable {
    /// A PEM file: the server's certificate, then the certificates between it and one that clients trust.
    public var certificateFile: String
    /// A PEM file: the certificate's private key, not encrypted. The server's user must be able to read it; best nobody
    /// else can.
    public var keyFile: String

    /// Creates a configuration from a certificate and its key, both PEM files.
    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
