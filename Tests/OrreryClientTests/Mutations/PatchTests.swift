import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

/// What a patch can lead to: stored properties, whatever their type.
@Suite struct PatchTests {
    struct Range: Equatable { var low: Int32 = 0, high: Int32 = 9 }
    struct Only: Codable, Equatable, Sendable { var text = "" }
    struct Named: Codable, Equatable, Sendable { var text = "", size = 1 }

    struct Plain: Component, Equatable { var inner = Range(), count: Int32 = 1 }
    struct Coded: Component, Codable, Equatable {
        var only = Only(), named = Named(), items: [String] = [], perhaps: Only?
        var doubled: Int {
            get { named.size * 2 }
            set { named.size = newValue / 2 }
        }
    }

    private func patched<C: Component & Equatable>(
        _ value: C, _ change: @Sendable @escaping (inout ComponentPatch<C>) -> Void
    ) throws -> C? {
        let joined = try JoinedWorld { sync in try sync.register(C.self, writable: .byClients) }
        let entity = joined.world.spawn(value)
        joined.tick()
        let connection = try joined.connect().connection
        _ = try joined.run { try await connection.enqueue(.patch(entity, C.self, change)).outcome }
        return joined.world[entity, C.self]
    }

    @Test func aPropertyThatIsAStructure() throws {
        let plain = try patched(Plain()) { $0.set(\.inner, to: Range(low: 3, high: 4), expecting: Range()) }
        #expect(plain == Plain(inner: Range(low: 3, high: 4)))
        #expect(try patched(Plain()) { $0.set(\.inner.high, to: 5) } == Plain(inner: Range(high: 5)))
        #expect(
            try patched(Coded()) { $0.set(\.named, to: Named(text: "a", size: 2)) }?.named == Named(text: "a", size: 2))
        #expect(try patched(Coded()) { $0.set(\.only, to: Only(text: "a")) }?.only == Only(text: "a"))
        #expect(try patched(Coded()) { $0.set(\.only.text, to: "b") }?.only == Only(text: "b"))
        #expect(try patched(Coded()) { $0.set(\.perhaps, to: Only(text: "c")) }?.perhaps == Only(text: "c"))
        #expect(try patched(Coded()) { $0.set(\.items, to: ["d"]) }?.items == ["d"])
    }

    @Test func whatLeadsToNoStoredPropertyIsAnError() throws {
        for change in [
            { $0.set(\.items[0], to: "z") }, { $0.set(\.perhaps!.text, to: "z") }, { $0.set(\.doubled, to: 4) },
            { $0.set(\.self, to: Coded()) },
        ] as [@Sendable (inout ComponentPatch<Coded>) -> Void] {
            let error = #expect(throws: ClientError.self) { try patched(Coded(), change) }
            #expect(error?.code == .component && error?.message.contains("is no field that") == true, "\(error as Any)")
        }
    }
}
