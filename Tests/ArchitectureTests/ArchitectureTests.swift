import Foundation
import Testing

/// The package keeps to the arrows that ARCHITECTURE.md draws.
@Suite struct ArchitectureTests {
    private let package: URL
    private let table: ImportTable

    init() throws {
        package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        table = try ImportTable(
            markdown: String(contentsOf: package.appending(path: "ARCHITECTURE.md"), encoding: .utf8))
    }

    @Test func arrowsNeverLeadInACircle() {
        #expect(table.cycles == [])
    }

    @Test(.timeLimit(.minutes(2))) func manifestAndImportLinesKeepToTheTable() throws {
        let manifest = try PackageManifest(package: package)
        #expect(manifest.targets.map(\.name).sorted() == table.rows.keys.sorted())
        for target in manifest.targets {
            let allowed = table.allowed(for: target.name)
            let declared = Set(target.dependencies)
            #expect(declared.isSubset(of: allowed), "the manifest's dependencies of \(target.name)")
            for file in try SourceFile.all(below: target.path, of: package) {
                #expect(file.forbiddenImports(allowed: allowed) == [])
                let undeclared = Set(file.imports.map(\.module)).intersection(table.rows.keys).subtracting(declared)
                #expect(undeclared == [], "imported by \(file.path), but no dependency of \(target.name)")
            }
        }
    }

    @Test(arguments: ["Sources", "Examples"])
    func filesKeepToTheRules(folder: String) throws {
        let files = try SourceFile.all(below: folder, of: package)
        #expect(!files.isEmpty)
        for file in files { #expect(file.violations == []) }
    }

    /// What the README shows is what is built.
    @Test(arguments: ["DriftServer", "DriftClient"])
    func theReadmeShowsProgramsThatExist(name: String) throws {
        let readme = try String(contentsOf: package.appending(path: "README.md"), encoding: .utf8)
        let program = try String(
            contentsOf: package.appending(path: "Examples/\(name)/\(name).swift"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(program)```"))
    }

    /// No source lies where the checks above do not look.
    @Test func everyFileBelongsToATarget() throws {
        let manifest = try PackageManifest(package: package)
        for folder in ["Sources", "Examples"] {
            for file in try SourceFile.all(below: folder, of: package) {
                #expect(manifest.targets.contains { file.path.hasPrefix($0.path + "/") }, "\(file.path)")
            }
        }
    }
}
