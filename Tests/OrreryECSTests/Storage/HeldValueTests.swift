import OrreryECS
import OrrerySchema
import Testing

/// While a closure writes a value that contains references, nothing else may use that value; other values are free.
@Suite struct HeldValueTests {
    /// How a closure comes to hold the label of an entity for writing.
    enum Hold: String, CaseIterable, Codable, Sendable {
        case update, updateUnmarked, accessor, observed, forEach, forEachOfTwo, forEachEntity, forEachChunk, part

        func hold(_ entity: Entity, in world: World, _ body: () -> Void) throws {
            let labels = world.query(Write<Label>.self).without(Frozen.self)
            switch self {
            case .update: try world.update(entity, Label.self) { _ in body() }
            case .updateUnmarked: try world.updateUnmarked(entity, Label.self) { _ in body() }
            case .accessor: try world.accessor(Label.self).update(entity) { _ in body() }
            case .observed:
                world.observe(Label.self) { _ in }
                labels.forEach { _ in body() }
            case .forEach: labels.forEach { _ in body() }
            case .forEachOfTwo:
                world.query(Read<Position>.self, Write<Label>.self).without(Frozen.self).forEach { _, _ in body() }
            case .forEachEntity: labels.forEachEntity { _, _ in body() }
            case .forEachChunk:
                labels.forEachChunk { rows, labels in
                    func write(_ label: inout Label) { body() }
                    for row in rows.indices { write(&labels[row]) }
                }
            case .part:
                withoutActuallyEscaping(body) { body in
                    // One thread: this one.
                    nonisolated(unsafe) let body = body
                    labels.forEachPart(threadCount: 1) { part in part.forEach { _ in body() } }
                }
            }
        }
    }

    /// How the closure uses the label a second time.
    enum Use: String, CaseIterable, Codable, Sendable {
        case get, reader, set, update, forEach, forEachRead, maybe, chunk, raw

        func use(_ entity: Entity, in world: World) throws {
            switch self {
            case .get: _ = world[entity, Label.self]
            case .reader: _ = world.reader(Label.self)[entity]
            case .set: try world.set(Label(text: "b"), on: entity)
            case .update: try world.update(entity, Label.self) { $0.text = "b" }
            case .forEach: world.query(Write<Label>.self).forEach { $0.text = "b" }
            case .forEachRead: world.query(Read<Label>.self).forEach { _ = $0.text }
            case .maybe: world.query(Maybe<Label>.self).forEach { _ = $0?.text }
            case .chunk:
                world.query(Read<Label>.self).forEachChunk { rows, labels in
                    for row in rows.indices { _ = labels[row].text }
                }
            case .raw: _ = world.withValue(world.register(Label.self), of: entity) { _ in }
            }
        }
    }

    @Test(arguments: Hold.allCases)
    func aSecondUseTraps(_ hold: Hold) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [hold = hold as Hold] in
            let (world, entity, _) = Self.makeWorld()
            try hold.hold(entity, in: world) { try! world.set(Label(), on: entity) }
        }
        #expect(stderr(result).contains("a value of 'Label' is used while a closure writes it"))
    }

    @Test(arguments: Use.allCases, [false, true])
    func eachUseTraps(_ use: Use, isObserved: Bool) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [use = use as Use, isObserved = isObserved as Bool] in
            let (world, entity, _) = Self.makeWorld()
            if isObserved { world.observe(Label.self) { _ in } }
            try world.update(entity, Label.self) { _ in try! use.use(entity, in: world) }
        }
        #expect(stderr(result).contains("a value of 'Label' is used while a closure writes it"))
    }

    @Test func aSecondUseOfASparseValueTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            let entity = world.spawn(Note())
            world.query(Write<Note>.self).forEach { _ in try! world.set(Note(), on: entity) }
        }
        #expect(stderr(result).contains("a value of 'Note' is used while a closure writes it"))
    }

    @Test func tooManyHeldValuesTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            let entities = try world.spawn(count: 300, Label())
            func hold(_ position: Int) throws {
                try world.update(entities[position], Label.self) { _ in try! hold(position + 1) }
            }
            try hold(0)
        }
        #expect(stderr(result).contains("a thread holds more than 256 values for writing at once"))
    }

    /// Other threads do not know what this one holds: so the parts of a query run here.
    @Test(arguments: [1, 2])
    func theHoldOfTheCallerHoldsInParts(threadCount: Int) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [threadCount = threadCount as Int] in
            let world = World()
            let entities = try world.spawn(count: 80_000, Label(text: "a"))
            try world.update(entities[79_000], Label.self) { _ in
                world.query(Write<Label>.self).forEachPart(threadCount: threadCount) { part in
                    part.forEach { $0.text = "b" }
                }
            }
        }
        #expect(stderr(result).contains("a value of 'Label' is used while a closure writes it"))
    }

    /// Observers change nothing in what is allowed, and are told of each write once.
    @Test func observedNeighboursAreFree() throws {
        let world = World()
        let entities = try world.spawn(count: 10, Label(text: "a"))
        var steps: [String] = []
        world.observe(Label.self) { step in
            steps.append("\(step.entity): \(step.old?.text ?? "-") \(step.new?.text ?? "-")")
        }
        try world.update(entities[4], Label.self) { label in
            label.text = "b"
            world.query(Write<Label>.self).forEachChunk { rows, labels in
                for row in rows.indices where row != 4 && row % 2 == 0 { labels[row].text = "c" }
            }
            label.text += "d"
        }
        #expect(steps.sorted() == ["0v1: a c", "2v1: a c", "4v1: a bd", "6v1: a c", "8v1: a c"])
        #expect(world[entities[4], Label.self]?.text == "bd")
    }

    /// Values of other entities and other components, and afterwards the value itself.
    @Test(arguments: Hold.allCases)
    func otherValuesAreFree(_ hold: Hold) throws {
        let (world, entity, other) = Self.makeWorld()
        var errors: [any Error] = []
        try hold.hold(entity, in: world) {
            do {
                try world.set(Position(x: world[entity, Position.self]!.x + 1), on: entity)
                for use in [Use.get, .reader, .set, .update, .raw] { try use.use(other, in: world) }
                // An inner hold ends without ending the outer one.
                try world.update(other, Label.self) { $0.text = world[entity, Position.self].map { "\($0.x)" } ?? "" }
            } catch {
                errors.append(error)
            }
        }
        #expect(errors.isEmpty)
        #expect(world[entity, Position.self]?.x == 1)
        #expect(world[other, Label.self]?.text == "1.0")
        for use in Use.allCases { try use.use(entity, in: world) }
        #expect(world[entity, Label.self]?.text == "b")
    }

    /// An entity with the label that closures hold, and another.
    private static func makeWorld() -> (World, entity: Entity, other: Entity) {
        let world = World()
        let entity = world.spawn(Position(), Label(text: "a"))
        return (world, entity, world.spawn(Position(), Label(text: "a"), Frozen()))
    }
}
