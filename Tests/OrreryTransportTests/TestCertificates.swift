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

    var server: TLSConfiguration { identity("server") }

    private nonisolated(unsafe) static var folderToRemove = ""  // Guard: written once, inside `made`.

    private static func remove(atExit folder: String) {
        folderToRemove = folder
        atexit { try? FileManager.default.removeItem(atPath: TestCertificates.folderToRemove) }
    }
}
