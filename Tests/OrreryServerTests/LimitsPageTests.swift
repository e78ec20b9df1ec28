import Foundation
import OrreryClient
import OrreryQuery
import OrrerySchema
import OrreryStore
@testable import OrreryServer
@testable import OrrerySync
import OrreryTransport
import OrreryWebSocket
import OrreryWire
import Testing

/// docs/LIMITS.md and the settings say the same: every limit is on the page with its default, and the page has no
/// other.
@Suite struct LimitsPageTests {
    /// First cell and second cell of each row about a setting.
    private let rows: [(name: String, standard: String)]

    init() throws {
        let page = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "docs/LIMITS.md"), encoding: .utf8)
        rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return (cells[0].replacingOccurrences(of: "`", with: ""), cells[1])
        }
    }

    /// All numbers and times among the stored properties of the settings, whatever comes to them.
    private static var limits: [(name: String, standard: String)] {
        let settings: [Any] = [
            SimulationConfiguration(), SyncServerConfiguration(), ClientConfiguration(), SyncClientConfiguration(),
            WireLimits(), SchemaLimits(), TransportLimits(), WebSocketServerTransport(), WebSocketClientTransport(),
        ]
        let stored = settings.flatMap { setting in
            Mirror(reflecting: setting).children.compactMap { child in
                text(child.value).map { ("\(type(of: setting)).\(child.label ?? "")", $0) }
            }
        }
        return stored.filter { $0.0 != "WebSocketServerTransport.port" } + [
            ("BatchSequence.bufferedBatchMax", "\(BatchSequence.bufferedBatchMax)"),
            ("ValueLimits.elementCountMax", "\(ValueLimits.elementCountMax)"),
            ("ValueLimits.partCountMax", "\(ValueLimits.partCountMax)"),
            ("ValueLimits.sizeMax", "\(ValueLimits.sizeMax)"),
            ("QueryLimits.textSizeMax", "\(QueryLimits().textSizeMax)"),
            ("QueryLimits.nodeCountMax", "\(QueryLimits().nodeCountMax)"),
            ("QueryLimits.bracketDepthMax", "\(QueryLimits().bracketDepthMax)"),
            ("QueryLimits.entityCountMax", "\(QueryLimits().entityCountMax)"),
            ("Membership.leavingCountMax", "\(Membership.leavingCountMax)"),
            ("QueryStatus.textSizeMax", "\(QueryStatus.textSizeMax)"),
            ("PersonalSights.newcomerQuestionMax", "\(PersonalSights.newcomerQuestionMax)"),
            ("QueryTexts.sizeMax", "\(QueryTexts.sizeMax)"),
            ("SyncServer.pastEpochCountMax", "\(SyncServer.pastEpochCountMax)"),
            ("SyncServer.viewCountMax", "\(SyncServer.viewCountMax)"),
            ("KeyRange.countMax", "\(KeyRange.countMax)"),
            ("QueryIndex.keptFieldCountMax", "\(QueryIndex.keptFieldCountMax)"),
            ("FrozenQueries.retention", "\(FrozenQueries.retention.components.seconds) s"),
            ("FrozenQueries.sizeMax", "\(FrozenQueries.sizeMax)"),
            ("FrozenQueries.countMax", "\(FrozenQueries.countMax)"),
            ("HTTPRequest.tokenSizeMax", "\(HTTPRequest.tokenSizeMax)"),
            ("QueryPage.rowCountMax", "\(QueryPage.rowCountMax)"),
            ("SpatialField.cellCountMax", "\(SpatialField.cellCountMax)"),
            ("Region.radiusCellCountMax(dimensionCount:)", "\(Region.radiusCellCountMax(dimensionCount: 2))"),
            ("LogQueue.lineCountMax", "\(LogQueue().lineCountMax)"),
        ]
    }

    private static func text(_ value: Any) -> String? {
        switch value {
        case let number as any BinaryInteger: "\(number)"
        case let number as Double: "\(number)"
        case let time as Duration:
            (time / .seconds(1)).formatted(.number.locale(Locale(identifier: "en_US_POSIX"))) + " s"
        default: nil
        }
    }

    @Test func everyLimitIsOnThePageWithItsDefault() {
        let limits = Self.limits
        #expect(limits.count > 60)
        for limit in limits {
            let row = rows.first { $0.name == limit.name }
            // The number, and then its unit.
            #expect(
                row?.standard == limit.standard || row?.standard.hasPrefix(limit.standard + " ") == true,
                "\(limit.name) of \(limit.standard): \(row?.standard ?? "no row")")
        }
    }

    @Test func everyRowIsALimit() {
        let names = Set(Self.limits.map(\.name))
        for row in rows { #expect(names.contains(row.name), "\(row.name)") }
        #expect(Set(rows.map(\.name)).count == rows.count)
    }

    @Test func aServersPendingBytesAreThoseOfThePage() {
        let standard = SimulationConfiguration().transport.pendingByteCountMax
        let row = rows.first { $0.name == "TransportLimits.pendingByteCountMax" }
        #expect(row?.standard.hasSuffix("\(standard) at a server") == true)
    }
}
