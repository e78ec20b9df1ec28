import Foundation
import OrreryWebSocket
import Testing

/// Certificates made for this run of the tests by Scripts/make-test-certificates.
struct TestCertificates: Sendable {
    private let folder: String

    private static let made = Result { try TestCertificates() }
    static func shared() throws -> TestCertificates { try made.get() }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "orrery-certificates-\(UUID())").path
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = package.appending(path: "Scripts/make-test-certificates")
        process.arguments = [folder]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "Scripts/make-test-certificates; is there an openssl?")
        Self.remove(atExit: folder)
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Certificate and key of this name.
    func identity(_ name: String) -> TLSConfiguration {
        TLSConfiguration(certificateFile: path("\(name).pem"), keyFile: path("\(name).key"))
    }

    /// Copies of a certificate and its key, to be replaced.
    func copy(_ name: String) throws -> TLSConfiguration {
        let copy = identity("copy-\(UUID())")
        try replace(copy, with: name)
        return copy
    }

    func replace(_ files: TLSConfiguration, with name: String, key: String? = nil) throws {
        for (target, source) in [(files.certificateFile, "\(name).pem"), (files.keyFile, "\(key ?? name).key")] {
            try Data(contentsOf: URL(filePath: path(source))).write(to: URL(filePath: target), options: .atomic)
        }
    }

    func remove(_ files: TLSConfiguration) throws {
        for file in [files.certificateFile, files.keyFile] { try FileManager.default.removeItem(atPath: file) }
    }

    var server: TLSConfiguration { identity("server") }

    private nonisolated(unsafe) static var folderToRemove = ""  // Guard: written once, inside `made`.

    private static func remove(atExit folder: String) {
        folderToRemove = folder
        atexit { try? FileManager.default.removeItem(atPath: TestCertificates.folderToRemove) }
    }
}
