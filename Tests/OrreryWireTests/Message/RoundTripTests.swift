import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// Whatever a message says, it still says it when it has arrived.
@Suite struct RoundTripTests {
    private static func number(_ generator: inout SeededGenerator) -> UInt64 {
        UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64.random(in: 0..<64, using: &generator)
    }

    private static func text(_ generator: inout SeededGenerator, _ countMax: Int) -> String {
        String(
            (0..<Int.random(in: 0...countMax, using: &generator)).map { _ in
                "aé\u{0}日🪐 ".randomElement(using: &generator)!
            })
    }

    private static func id(_ generator: inout SeededGenerator) -> SubscriptionID {
        SubscriptionID(UInt32(truncatingIfNeeded: number(&generator)))
    }

    private static func clientMessage(_ generator: inout SeededGenerator) -> ClientMessage {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            let low = Int.random(in: 0...300, using: &generator)
            return .hello(
                versions: low...low + Int.random(in: 0...300, using: &generator), clientName: text(&generator, 20),
                knownSchemas: (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                    SchemaHash(generator.next())
                })
        case 1:
            let entity = Entity(
                index: UInt32.random(in: 0...UInt32.max, using: &generator),
                generation: UInt32.random(in: 0...UInt32.max, using: &generator))
            let columns = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                ColumnID(Int.random(in: 0..<1024, using: &generator))
            }
            return .subscribe(
                id(&generator),
                Selection(
                    entities: generator.oneIn(2) ? .all : .one(entity),
                    components: generator.oneIn(2) ? .all : .some(columns)))
        case 2: return .unsubscribe(id(&generator))
        default: return .acknowledge(Tick(number(&generator)), receivedByteCount: number(&generator))
        }
    }

    private static func serverMessage(_ generator: inout SeededGenerator) throws -> ServerMessage {
        let codes: [RefusalCode?] = [nil, .unknownEntity, .unknownComponent, .badSubscription, .limitReached]
        let refusal = codes.randomElement(using: &generator)!.map { Refusal($0, text(&generator, 50)) }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            let schemas = try (0..<Int.random(in: 0...5, using: &generator)).map { number in
                try ComponentSchema(
                    name: "C\(number)",
                    type: .structure([Field("a", .scalar(Scalar.allCases.randomElement(using: &generator)!))]),
                    documentation: generator.oneIn(2) ? nil : "x" + text(&generator, 20))
            }
            return .welcome(
                Welcome(
                    version: Int.random(in: 0...65_536, using: &generator),
                    revision: Revision(epoch: Epoch(generator.next()), tick: Tick(number(&generator))),
                    ticksPer1000Seconds: Int.random(in: 0...1_000_000_000, using: &generator),
                    messageSizeMax: Int.random(in: 0...1 << 30, using: &generator),
                    windowSize: Int.random(in: 0...1 << 40, using: &generator),
                    components: schemas.map { .init(name: $0.name, schemaHash: $0.hash) },
                    schemas: schemas.filter { _ in generator.oneIn(2) }))
        case 1: return .subscribeResponse(id(&generator), refusal)
        case 2: return .unsubscribeResponse(id(&generator), refusal)
        default: return .heartbeat(Tick(number(&generator)), isCurrent: generator.oneIn(2))
        }
    }

    @Test(arguments: seeds(200))
    func messagesComeBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let fromClient = Self.clientMessage(&generator)
        #expect(try ClientMessage(fromClient.encoded()) == fromClient)
        let fromServer = try Self.serverMessage(&generator)
        #expect(try ServerMessage(fromServer.encoded()) == fromServer)
        // One message has one form.
        #expect(try ClientMessage(fromClient.encoded()).encoded() == fromClient.encoded())
        #expect(try ServerMessage(fromServer.encoded()).encoded() == fromServer.encoded())
    }

    @Test(arguments: seeds(60))
    func batchesComeBackFromTheirParts(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let world = RandomWorld(&generator, schemas: try Golden.schemas)
        let partSizeMax = Int.random(in: 1...3000, using: &generator)
        let head = (tick: Tick(Self.number(&generator) | 1), first: Int.random(in: 0...200, using: &generator))
        let base = Tick(UInt64.random(in: 0...head.tick.rawValue, using: &generator))
        let messages = world.sections(partSizeMax: partSizeMax).messages(
            tick: head.tick, base: base, firstPart: head.first)
        var found = world.empty
        for (position, message) in messages.enumerated() {
            let batch = try BatchCopy(message, schemas: world.store.schemas)
            #expect(
                batch.head
                    == BatchHead(
                        tick: head.tick, base: base, isWhole: position == messages.count - 1,
                        part: head.first + position))
            for section in batch.sections { found.add(section) }
        }
        #expect(found == world.content)
    }
}
