import Foundation

/// What the manifest says of the package's targets, without those of tests.
struct PackageManifest {
    struct Target: Equatable {
        var name: String
        /// The folder of its sources, relative to the package.
        var path: String
        /// Names of targets and of products.
        var dependencies: [String]
    }

    struct ReadError: Error, CustomStringConvertible {
        let description: String
    }

    let targets: [Target]

    /// Asks the package manager, in a scratch folder of its own: with the package's own, it would wait for the lock
    /// that the running `swift test` holds.
    init(package: URL) throws {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "orrery-manifest-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "swift", "package", "dump-package", "--package-path", package.path(), "--scratch-path", scratch.path(),
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let json = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ReadError(description: "'swift package dump-package' ended with \(process.terminationStatus)")
        }
        try self.init(json: json)
    }

    init(json: Data) throws {
        targets = try JSONDecoder().decode(Dump.self, from: json).targets.filter { $0.type != "test" }.map { target in
            Target(
                name: target.name, path: target.path ?? "Sources/\(target.name)",
                dependencies: try target.dependencies.map { dependency in
                    // {"byName": ["A", null]}, {"target": ["A", null]} or {"product": ["A", "package", …]}.
                    guard let name = dependency.values.first?.first?.name else {
                        throw ReadError(description: "a dependency of '\(target.name)' has no name")
                    }
                    return name
                })
        }
    }

    /// The parts of the manager's output that are looked at.
    private struct Dump: Decodable {
        struct Target: Decodable {
            var name: String
            var type: String
            var path: String?
            var dependencies: [[String: [Part]]]
        }

        /// A string; anything else counts as no name.
        struct Part: Decodable {
            var name: String?

            init(from decoder: any Decoder) throws {
                name = try? decoder.singleValueContainer().decode(String.self)
            }
        }

        var targets: [Target]
    }
}
