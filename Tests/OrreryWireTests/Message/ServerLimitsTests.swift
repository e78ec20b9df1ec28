import OrreryTransport
import OrreryWire
import Testing

/// A client that takes less than a server may send says so at once, with both numbers.
@Suite struct ServerLimitsTests {
    @Test func theSameOrLessIsTaken() throws {
        try ServerLimits().check(against: WireLimits())
        var told = ServerLimits()
        told.messageSizeMax = 0
        told.entityIndexMax = 0
        told.valueSizeMax = 0
        told.reasonSizeMax = 0
        try told.check(against: WireLimits())
    }

    @Test func theLimitsOfWhatTheClientSaysAreNotTheClients() throws {
        var told = ServerLimits()
        told.clientMessageSizeMax = .max
        told.windowSize = .max
        told.windowTickCount = .max
        told.pendingMutationMax = .max
        told.subscriptionCountMax = .max
        told.queryEntityCountMax = .max
        told.mutationPartCountMax = .max
        try told.check(against: WireLimits())
    }

    private static let larger: [(String, any WritableKeyPath<ServerLimits, Int> & Sendable, Int)] = [
        ("messageSizeMax", \.messageSizeMax, 1 << 20), ("entityIndexMax", \.entityIndexMax, 1 << 22),
        ("valueSizeMax", \.valueSizeMax, 256 << 10), ("reasonSizeMax", \.reasonSizeMax, 1024),
    ]

    @Test(arguments: 0..<larger.count)
    func oneMoreIsNot(position: Int) {
        let (name, field, own) = Self.larger[position]
        var told = ServerLimits()
        told[keyPath: field] = own + 1
        let error = #expect(throws: WireError.self) { try told.check(against: WireLimits()) }
        #expect(error?.closeCode == .policyViolation)
        #expect(
            error?.message.hasPrefix("the server's \(name) is \(own + 1), this client takes \(own);") == true,
            "\(error?.message ?? "")")
    }
}
