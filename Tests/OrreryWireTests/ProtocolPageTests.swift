import Foundation
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// The page that strangers write clients from says what the code does.
@Suite struct ProtocolPageTests {
    let page: String
    private let example: GoldenFile

    init() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: package.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        example = try GoldenFile("WorkedExample")
    }

    /// The lines between ```` ```hex ```` and ```` ``` ````, all blocks one after the other.
    private var hexOfThePage: String { blocks("hex") }

    /// The lines of all blocks of a language, one after the other.
    private func blocks(_ language: String) -> String {
        var isInside = false
        var lines: [Substring] = []
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isInside = line == "```\(language)"
            } else if isInside {
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n")
    }

    @Test func theWorkedExampleIsTheGoldenFile() throws {
        let onPage = try GoldenFile.items(of: hexOfThePage, file: "docs/PROTOCOL.md")
        #expect(onPage.map(\.name) == example.items.map(\.name))
        for (left, right) in zip(onPage, example.items) { #expect(left.bytes.hex == right.bytes.hex, "\(left.name)") }
    }

    @Test func examplesOfMessagesAreThoseOfTheGoldenFile() throws {
        let onPage = try GoldenFile.items(of: blocks("text"), file: "docs/PROTOCOL.md")
        let golden = try GoldenFile("ClientMessages").items
        #expect(onPage.count == 6)
        for example in onPage {
            let item = try #require(golden.first { $0.name == example.name }, "\(example.name)")
            #expect(example.bytes.hex == item.bytes.hex, "\(example.name)")
        }
    }

    @Test func theWorkedExampleIsAConversation() throws {
        let schemas = try Array(Golden.schemas.prefix(2))
        for item in example.items {
            if item.name.hasPrefix("> ") {
                #expect(try ClientMessage(item.bytes).encoded().hex == item.bytes.hex, "\(item.name)")
            } else {
                switch try ServerMessage(item.bytes) {
                case .syncBatch: #expect(try !BatchCopy(item.bytes, schemas: schemas).sections.isEmpty, "\(item.name)")
                case .queryResponse:
                    #expect(try AnswerCopy(item.bytes, schemas: schemas).sections.count == 2, "\(item.name)")
                case .welcome(let welcome):
                    #expect(welcome.schemas.isEmpty || welcome.schemas == schemas.map(EncodedSchema.init))
                    #expect(welcome.components.map(\.schemaHash) == schemas.map(\.hash))
                    #expect(ServerMessage.welcome(welcome).encoded().hex == item.bytes.hex)
                case let message: #expect(message.encoded().hex == item.bytes.hex, "\(item.name)")
                }
            }
        }
    }

    /// A name in camel case as the page writes it.
    private func words(_ name: String) -> String {
        name.map { $0.isUppercase ? " \($0.lowercased())" : "\($0)" }.joined()
    }

    @Test func thePageNamesEveryRefusal() {
        for (code, name) in RefusalCode.named {
            #expect(page.contains("| \(code.rawValue) | \(words(name)) |"), "\(code.rawValue) \(name)")
        }
    }

    @Test func thePageNamesEveryCloseCode() {
        for (code, name): (CloseCode, String) in [
            (.normal, "normal"), (.goingAway, "going away"), (.protocolError, "protocol error"),
            (.unsupportedData, "unsupported data"), (.invalidPayload, "invalid payload"),
            (.policyViolation, "policy violation"), (.messageTooBig, "message too big"),
            (.internalError, "internal error"), (.unsupportedVersion, "unsupported version"),
            (.handshakeTimeout, "handshake timeout"), (.gap, "gap"), (.silence, "silence"), (.replaced, "replaced"),
            (.notSupported, "not supported"),
        ] {
            #expect(page.contains("| \(code.rawValue) | \(name) |"), "\(code.rawValue) \(name)")
        }
    }

    @Test func thePageNamesEveryLimitWithItsDefault() {
        let limits = WireLimits()
        for (name, value) in [
            ("messageSizeMax", limits.messageSizeMax), ("partSizeMax", limits.partSizeMax),
            ("componentCountMax", limits.componentCountMax), ("entityIndexMax", Int(limits.entityIndexMax)),
            ("clientNameSizeMax", limits.clientNameSizeMax), ("reasonSizeMax", limits.reasonSizeMax),
            ("knownSchemaCountMax", limits.knownSchemaCountMax),
            ("queryEntityCountMax", limits.queryEntityCountMax),
            ("capabilityCountMax", limits.capabilityCountMax),
            ("subscriptionCountMax", limits.subscriptionCountMax), ("nameSizeMax", limits.schema.nameSizeMax),
            ("textSizeMax", limits.schema.textSizeMax), ("depthMax", limits.schema.depthMax),
            ("fieldCountMax", limits.schema.fieldCountMax), ("caseCountMax", limits.schema.caseCountMax),
            ("encodedSizeMax", limits.schema.encodedSizeMax), ("fixedSizeMax", limits.schema.fixedSizeMax),
            ("elementCountMax", ValueLimits.elementCountMax), ("partCountMax", ValueLimits.partCountMax),
            ("valueSizeMax", limits.valueSizeMax), ("tokenSizeMax", limits.tokenSizeMax),
            ("mutationPartCountMax", limits.mutationPartCountMax),
        ] {
            #expect(page.contains("| `\(name)` | \(value) |"), "`\(name)` with \(value)")
        }
    }
}
