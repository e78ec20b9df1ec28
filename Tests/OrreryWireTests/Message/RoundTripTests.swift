import OrreryQuery
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

    private static func entity(_ generator: inout SeededGenerator) -> Entity {
        Entity(
            index: UInt32.random(in: 0...UInt32.max, using: &generator),
            generation: UInt32.random(in: 0...UInt32.max, using: &generator))
    }

    private static func column(_ generator: inout SeededGenerator) -> ColumnID {
        ColumnID(Int.random(in: 0..<1024, using: &generator))
    }

    private static func bytes(_ generator: inout SeededGenerator, _ countMax: Int) -> [UInt8] {
        (0..<Int.random(in: 0...countMax, using: &generator)).map { _ in
            UInt8.random(in: 0...255, using: &generator)
        }
    }

    private static func optionalBytes(_ generator: inout SeededGenerator) -> [UInt8]? {
        generator.oneIn(2) ? nil : bytes(&generator, 300)
    }

    private static func query(_ generator: inout SeededGenerator) -> QueryRequest {
        let entities = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
            Entity(index: entity(&generator).index >> 10, generation: entity(&generator).generation)
        }
        let text = ["", "*", "Grüße", "A where B.c = \"\u{301}\""].randomElement(using: &generator)!
        return QueryRequest(text, entities: generator.oneIn(2) ? nil : entities)
    }

    private static func resume(_ generator: inout SeededGenerator) -> Hello.Resume {
        Hello.Resume(
            revision: Revision(epoch: Epoch(generator.next()), tick: Tick(number(&generator))),
            token: bytes(&generator, 64),
            subscriptions: (0..<Int.random(in: 0...64, using: &generator)).map { _ in
                .init(id(&generator), query(&generator))
            })
    }

    private static func path(_ generator: inout SeededGenerator) -> [Int] {
        (0..<Int.random(in: 0...16, using: &generator)).map { _ in Int.random(in: 0..<256, using: &generator) }
    }

    private static func newComponent(_ generator: inout SeededGenerator) -> Mutation.NewComponent {
        guard generator.oneIn(2) else { return .init(column(&generator), bytes(&generator, 300)) }
        let fields = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
            Mutation.FieldValue(path: path(&generator), bytes: bytes(&generator, 300))
        }
        return .init(column(&generator), .fields(fields))
    }

    private static func capabilities(_ generator: inout SeededGenerator) -> [Capability] {
        Set((0..<Int.random(in: 0...9, using: &generator)).map { _ in UInt32(truncatingIfNeeded: number(&generator)) })
            .sorted().map { Capability(rawValue: $0) }
    }

    private static func operation(_ generator: inout SeededGenerator) -> Mutation.Operation {
        let count = Int.random(in: 0...64, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0:
            return .set(
                entity(&generator), .init(column(&generator), bytes(&generator, 300)),
                expected: optionalBytes(&generator))
        case 1:
            return .patch(
                entity(&generator), column(&generator),
                (0..<count).map { _ in
                    .init(
                        path: path(&generator), bytes: bytes(&generator, 300), expected: optionalBytes(&generator))
                })
        case 2: return .insert(entity(&generator), newComponent(&generator))
        case 3: return .remove(entity(&generator), column(&generator))
        case 4: return .spawn((0..<count).map { _ in newComponent(&generator) })
        default: return .despawn(entity(&generator))
        }
    }

    private static func outcome(_ generator: inout SeededGenerator) -> MutationOutcome {
        guard generator.oneIn(2) else {
            return .applied(
                Tick(number(&generator)),
                entities: (0..<Int.random(in: 0...5, using: &generator)).map { _ in entity(&generator) })
        }
        return .refused(refusal(&generator, current: optionalBytes(&generator)))
    }

    /// Also of codes that this version does not have.
    private static func refusal(_ generator: inout SeededGenerator, current: [UInt8]? = nil) -> Refusal {
        Refusal(
            RefusalCode(rawValue: UInt8.random(in: 1...UInt8.max, using: &generator)), text(&generator, 50),
            current: current)
    }

    private static func clientMessage(_ generator: inout SeededGenerator) -> ClientMessage {
        switch Int.random(in: 0..<7, using: &generator) {
        case 0:
            let low = Int.random(in: 0...300, using: &generator)
            return .hello(
                Hello(
                    versions: low...low + Int.random(in: 0...300, using: &generator), clientName: text(&generator, 20),
                    knownSchemas: (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                        SchemaHash(generator.next())
                    }, resume: generator.oneIn(2) ? nil : resume(&generator), capabilities: capabilities(&generator)))
        case 1: return .subscribe(id(&generator), query(&generator))
        case 2: return .unsubscribe(id(&generator))
        case 4: return .verify(id(&generator))
        case 5: return .restart(id(&generator))
        case 3:
            return .mutate(
                Mutation(
                    sequence: MutationSequence(max(1, number(&generator))), epoch: Epoch(generator.next()),
                    operation: operation(&generator)))
        default: return .acknowledge(Tick(number(&generator)), receivedByteCount: number(&generator))
        }
    }

    private static func limits(_ generator: inout SeededGenerator) -> ServerLimits {
        var limits = ServerLimits()
        limits.clientMessageSizeMax = Int(number(&generator) >> 1)
        limits.messageSizeMax = Int(number(&generator) >> 1)
        limits.windowTickCount = Int(number(&generator) >> 1)
        limits.mutationPartCountMax = Int(number(&generator) >> 1)
        return limits
    }

    private static func entry(_ generator: inout SeededGenerator, _ number: Int) -> ComponentTable.Entry {
        ComponentTable.Entry(
            ColumnID(number), name: "C\(number)", schemaHash: SchemaHash(generator.next()),
            valueSize: generator.oneIn(2) ? nil : Int.random(in: 0...16_384, using: &generator),
            isWritable: generator.oneIn(2), isResource: generator.oneIn(2), isStatus: generator.oneIn(2),
            defaultValue: optionalBytes(&generator))
    }

    private static func welcome(_ generator: inout SeededGenerator) -> Welcome {
        Welcome(
            version: Int.random(in: 0...65_536, using: &generator),
            revision: Revision(epoch: Epoch(generator.next()), tick: Tick(number(&generator))),
            ticksPer1000Seconds: Int.random(in: 0...1_000_000_000, using: &generator), limits: limits(&generator),
            components: (0..<1024).filter { _ in generator.oneIn(200) }.map { entry(&generator, $0) },
            schemas: (0..<Int.random(in: 0...5, using: &generator)).map { _ in EncodedSchema(bytes(&generator, 50)) },
            session: SessionGrant(
                token: bytes(&generator, 64),
                resumption: [.fresh, .resumed, .otherEpoch, .unknownTick, .otherClass].randomElement(
                    using: &generator)!,
                isKnownClient: generator.oneIn(2), maySpawn: generator.oneIn(2), mayDespawn: generator.oneIn(2),
                client: number(&generator), rights: .random(in: 0...255, using: &generator)),
            capabilities: capabilities(&generator))
    }

    private static func outcome(_ generator: inout SeededGenerator, _ refusal: Refusal?) -> SubscribeOutcome {
        if let refusal {
            let error = QueryError(
                QueryError.Kind.numbered.randomElement(using: &generator)!,
                column: Int.random(in: 1...5000, using: &generator),
                expected: "something", nearest: generator.oneIn(2) ? nil : "else")
            return .refused(refusal, generator.oneIn(2) ? nil : error)
        }
        if generator.oneIn(4) {
            let shown = Selection.Shown.resource(column(&generator))
            return .granted(
                GrantedQuery(QueryNumber(number(&generator)), shown: shown, tellsMembers: generator.oneIn(2)))
        }
        let columns = Set((0..<Int.random(in: 0...9, using: &generator)).map { _ in column(&generator) }).sorted()
        let shown: Selection.Shown =
            generator.oneIn(3) ? .all : generator.oneIn(2) ? .status(columns) : .listed(columns)
        return .granted(
            GrantedQuery(
                QueryNumber(number(&generator)), shown: shown,
                tellsMembers: generator.oneIn(2)))
    }

    private static func queryID(_ generator: inout SeededGenerator) -> QueryID {
        QueryID(UInt32(truncatingIfNeeded: number(&generator)))
    }

    private static func queryResponse(_ generator: inout SeededGenerator, _ refusal: Refusal?) -> QueryResponse {
        if case .refused(let refusal, let error) = outcome(&generator, refusal) { return .refused(refusal, error) }
        let columns = Set((0..<Int.random(in: 0...9, using: &generator)).map { _ in column(&generator) }).sorted()
        let head = AnswerHead(
            entityCount: Int.random(in: 0...1 << 22, using: &generator),
            cost: QueryCost(
                rowCount: Int.random(in: 0...1 << 22, using: &generator),
                nodeCount: Int.random(in: 0...100, using: &generator)),
            shown: generator.oneIn(2) ? .all : .listed(columns))
        return .part(
            Tick(number(&generator)), isLast: generator.oneIn(2), head: generator.oneIn(2) ? nil : head)
    }

    private static func verified(_ generator: inout SeededGenerator, _ refusal: Refusal?) -> VerifyOutcome {
        if let refusal { return .refused(refusal) }
        let hash = StateHash(value: generator.next(), itemCount: Int(number(&generator) >> 1))
        return .hash(hash, at: Tick(number(&generator)))
    }

    private static func serverMessage(_ generator: inout SeededGenerator) -> ServerMessage {
        let refusal = generator.oneIn(2) ? nil : refusal(&generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: return .welcome(welcome(&generator))
        case 4: return .queryResponse(queryID(&generator), queryResponse(&generator, refusal))
        case 1: return .subscribeResponse(id(&generator), outcome(&generator, refusal))
        case 2: return .unsubscribeResponse(id(&generator), refusal)
        case 3: return .mutationResponse(MutationSequence(number(&generator)), outcome(&generator))
        case 5: return .verifyResponse(id(&generator), verified(&generator, refusal))
        default: return .heartbeat(Tick(number(&generator)), isCurrent: generator.oneIn(2))
        }
    }

    @Test(arguments: seeds(200))
    func messagesComeBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let fromClient = Self.clientMessage(&generator)
        #expect(try ClientMessage(fromClient.encoded()) == fromClient)
        let fromServer = Self.serverMessage(&generator)
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
            let batch = try BatchCopy(message, schemas: world.store.table.schemas)
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
