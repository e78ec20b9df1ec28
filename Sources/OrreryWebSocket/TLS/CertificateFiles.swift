internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// The files that TLS was configured with, and descriptions of what is wrong with them.
enum CertificateFiles {
    case identity(certificate: String, key: String)
    case trusted(String)

    private var files: [(path: String, what: String)] {
        switch self {
        case .identity(let certificate, let key): [(certificate, "certificate file"), (key, "key file")]
        case .trusted(let path): [(path, "file of trusted certificates")]
        }
    }

    /// - Throws: ``TransportError`` with `.invalidCertificate`, which names the file and the system's error.
    func checkThatTheyCanBeRead() throws(TransportError) {
        for (path, what) in files {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.unreadable(path, what, errno) }
            var byte: UInt8 = 0
            let count = read(descriptor, &byte, 1)
            let code = errno
            close(descriptor)
            if count < 0 { throw Self.unreadable(path, what, code) }
            if count == 0 { throw TransportError(.invalidCertificate, "The \(what) \(path) is empty.") }
        }
    }

    /// Gives a server these files, for new connections.
    /// - Throws: ``TransportError`` with `.invalidCertificate`; the server then keeps its old files.
    func renew(in context: OpaquePointer) throws(TransportError) {
        guard case .identity(let certificate, let key) = self else { return }
        try checkThatTheyCanBeRead()
        var problem = clws_tls_problem()
        guard clws_context_renew_identity(context, certificate, key, &problem) else {
            throw Self.error(problem, self)
        }
    }

    /// A warning if clients will refuse the server's certificate at this time.
    func warning(at now: HTTPTime) -> String? {
        guard case .identity(let certificate, _) = self else { return nil }
        var (begin, end): (Int64, Int64) = (0, 0)
        guard clws_certificate_validity(certificate, &begin, &end) else { return nil }
        let fault: String
        if now.secondsSince1970 > end {
            fault = "expired on \(HTTPTime(secondsSince1970: end))"
        } else if now.secondsSince1970 < begin {
            fault = "is not valid before \(HTTPTime(secondsSince1970: begin))"
        } else {
            return nil
        }
        return
            "The certificate in \(certificate) \(fault): clients refuse it. Check the clock, or renew it and have "
            + "it read again (SIGHUP)."
    }

    private static func unreadable(_ path: String, _ what: String, _ code: Int32) -> TransportError {
        let advice =
            switch code {
            case ENOENT: "there is no such file. Check the path"
            case EACCES: "permission denied. Let this user (\(geteuid())) read it, and enter the folders above it"
            case EISDIR: "it is a folder"
            default: String(cString: strerror(code))
            }
        return TransportError(.invalidCertificate, "Cannot read the \(what) \(path): \(advice).")
    }

    /// The error for a problem that OpenSSL found in the files.
    static func error(_ problem: clws_tls_problem, _ files: CertificateFiles?) -> TransportError {
        let reason = withUnsafeBytes(of: problem.reason) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        switch (problem.step, files) {
        case (CLWS_TLS_STEP_CERTIFICATE, .identity(let certificate, _)?):
            return TransportError(
                .invalidCertificate, "The certificate file \(certificate) is no certificate in PEM form (\(reason)).")
        case (CLWS_TLS_STEP_KEY, .identity(_, let key)?):
            return TransportError(.invalidCertificate, "The key file \(key) is no private key in PEM form (\(reason)).")
        case (CLWS_TLS_STEP_KEY_PASSWORD, .identity(_, let key)?):
            return TransportError(
                .invalidCertificate,
                "The key file \(key) is encrypted. Store the key without a password (openssl pkey -in … -out …), "
                    + "readable for the server's user only.")
        case (CLWS_TLS_STEP_MATCH, .identity(let certificate, let key)?):
            return TransportError(
                .invalidCertificate, "The key in \(key) does not belong to the certificate in \(certificate).")
        case (CLWS_TLS_STEP_TRUSTED, .trusted(let path)?):
            return TransportError(
                .invalidCertificate, "The file of trusted certificates \(path) has none in PEM form (\(reason)).")
        default:
            return TransportError(.unavailable, "OpenSSL cannot start (\(reason)).")
        }
    }
}

/// Why a client does not accept a server's certificate.
struct CertificateProblem {
    private let fault: clws_certificate_fault
    private let detail: String

    /// - Parameter verification: OpenSSL's verification, valid during its callback.
    init(verification: UnsafeMutableRawPointer?) {
        let error = clws_certificate_error(verification)
        fault = clws_certificate_error_fault(error)
        detail = String(cString: clws_certificate_error_text(error))
    }

    /// A part of a sentence that says what is wrong and what to do.
    func sentence(host: String, trustsGivenFile: Bool) -> String {
        switch fault {
        case CLWS_FAULT_NAME: "it is not made out to \"\(host)\" (\(detail))"
        case CLWS_FAULT_ISSUER where trustsGivenFile:
            "the given file of trusted certificates does not have the one that signed it (\(detail))"
        case CLWS_FAULT_ISSUER:
            "nobody whom this system trusts signed it (\(detail)); if you trust it, give a file with its CA's "
                + "certificate"
        case CLWS_FAULT_TIME: "it is not valid at this time (\(detail)); check the clocks, or renew it"
        default: detail
        }
    }
}

/// Blocks SIGPIPE on a thread while it serves TLS.
struct PipeSignal {
    private let wasOpen: Bool

    static func block() -> PipeSignal { PipeSignal(wasOpen: clws_block_pipe_signal()) }

    /// Call on the same thread.
    func restore() {
        if wasOpen { clws_unblock_pipe_signal() }
    }
}
