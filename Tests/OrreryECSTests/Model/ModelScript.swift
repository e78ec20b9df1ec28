import OrreryECS
import OrrerySchema
import Testing

/// A random script, run on a world and on the model of one.
struct ModelScript {
    let seed: UInt64
    let world = World()
    let ledger = Counted.Ledger()
    var model = ModelWorld()
    var random: SeededGenerator
    private(set) var tickCount = 0
    private(set) var operationCount = 0
    private(set) var noticeCount = 0

    private let listener = ModelListener()
    private let log = ChangeLog()
    private var observers: [(id: ObserverID, component: ObjectIdentifier, number: Int)] = []
    private var observerCount = 0
    private var number: Int32 = 0
    /// How many entities there are most of the time: few, so that looking at all of them is quick.
    private static let entityCountUsual = 200

    /// - Parameter hasRelations: Whether it has them from the start. A world without them, and without observers, goes
    ///   other ways.
    init(seed: UInt64, hasRelations: Bool) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        register(modelComponents + (hasRelations ? modelRelations : []))
        track(Health.self, Label.self, Frozen.self, Burning.self)
    }

    /// The second half of a script: all is known and nearly all is tracked, what is counted too.
    mutating func widen() {
        if model.relations.isEmpty { register(modelRelations) }
        track(Mass.self, Note.self, Counted.self, Kept.self, Selected.self, ChildOf.self, Aim.self, Memory.self)
    }

    private mutating func register(_ components: [any ModelComponent.Type]) {
        for component in components.shuffled(using: &random) {
            world.register(component)
            model.register(component)
        }
    }

    private mutating func track(_ components: any ModelComponent.Type...) {
        for component in components {
            world.track(component)
            model.track(component)
        }
    }

    mutating func nextOperation() -> ModelOperation {
        operationCount += 1
        switch Int.random(in: 0..<10_000, using: &random) {
        case 0..<2400:
            let isFull = Int.random(in: 0..<2 * Self.entityCountUsual, using: &random) < model.living.count
            return isFull ? .despawn(someone()) : .spawn(someValues())
        case 2400..<7900: return nextChange()
        case 7900..<9000: return .read(someComponent(), someone())
        case 9000..<9200: return .clone(someone())
        case 9200..<9500: return .send(ModelSignal(number: nextNumber(), life: Counted.Life(ledger)))
        case 9500..<9800 where !model.relations.isEmpty: return .walk(someone())
        case 9800..<9860: return .write(nextWrite())
        case 9860..<9870: return nextMany()
        case 9870..<9880: return .despawnAll(Label.self, without: Health.self)
        case 9880..<9885: return .despawnAll(Kept.self, without: Frozen.self)
        case 9885..<9890: return .despawnAll(Burning.self, without: Counted.self)
        case 9890..<9892: return .clear
        case 9892..<9940 where !model.relations.isEmpty: return .updateUnmarked(some(Lock.self), someone())
        default: return .updateUnmarked(Position(x: Float(nextNumber())), someone())
        }
    }

    private mutating func nextChange() -> ModelOperation {
        let entity = someone()
        let had = model.components.filter { model.entities[entity]?[ObjectIdentifier($0)] != nil }
        let component = had.randomElement(using: &random) ?? someComponent()
        return switch Int.random(in: 0..<12, using: &random) {
        case 0..<4: .insert(some(someComponent()), entity)
        case 4: .insert(some(component), entity)
        case 5..<7: .remove(component, entity)
        case 7: .remove(someComponent(), entity)
        case 8..<10: .set(some(component), entity)
        case 10: .update(some(component), entity)
        default: .set(some(someComponent()), entity)
        }
    }

    private mutating func nextWrite() -> ModelWrite {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .healths(gain: nextNumber())
        case 1: .burnings
        case 2: .labels
        case 3 where !model.relations.isEmpty: .aims(someone())
        default: .both(gain: nextNumber(), someone())
        }
    }

    private mutating func nextMany() -> ModelOperation {
        // Some across the border of a page; those of a kilobyte, across that of a chunk.
        let count = random.oneIn(40) ? 4200 : Int.random(in: 0..<40, using: &random)
        guard random.oneIn(2) else {
            let other: any ModelComponent.Type =
                random.oneIn(3) ? Kilobyte.self : model.relations.isEmpty ? Kept.self : ChildOf.self
            return .spawnCopies(count, some(Health.self), some(other))
        }
        return .spawnColumns(
            (0..<count).map { Label(text: "label \(nextNumber()) \($0)") }, Array(repeating: Frozen(), count: count),
            (0..<count).map { Burning(seconds: Float($0)) })
    }

    mutating func nextNumber() -> Int32 {
        number += 1
        return number
    }

    /// An entity that lives, now and then one that does not any more, or not yet.
    private mutating func someone() -> Entity {
        guard let entity = model.living.randomElement(using: &random) else { return .none }
        return switch Int.random(in: 0..<120, using: &random) {
        case 0..<3: Entity(index: entity.index, generation: entity.generation - 1)
        case 3..<6: Entity(index: entity.index, generation: entity.generation + 1)
        case 6: model.unborn(after: UInt32.random(in: 0..<4, using: &random))
        default: entity
        }
    }

    private mutating func someComponent() -> any ModelComponent.Type {
        model.components[Int.random(in: 0..<model.components.count, using: &random)]
    }

    private mutating func some(_ component: any ModelComponent.Type) -> any ModelComponent {
        component.make(ModelRecipe(number: nextNumber(), target: someone(), ledger: ledger))
    }

    private mutating func someValues() -> [any ModelComponent] {
        let count = Int.random(in: 0...5, using: &random)
        var components = Array(model.components.shuffled(using: &random).prefix(count))
        if count > 2, random.oneIn(4) { components.append(components[0]) }
        return components.map { some($0) }
    }

    /// An observer comes, or one goes.
    mutating func changeObservers() {
        if let position = observers.indices.randomElement(using: &random), random.chance(observers.count, in: 8) {
            let observer = observers.remove(at: position)
            world.endObserver(observer.id)
            model.observers[observer.component]?.removeAll { $0 == observer.number }
        } else {
            observe(someComponent())
        }
    }

    mutating func endObservers() {
        for observer in observers { world.endObserver(observer.id) }
        observers = []
        model.observers = [:]
    }

    private mutating func observe<C: ModelComponent>(_ component: C.Type) {
        let number = observerCount
        observerCount += 1
        let id = world.observe(component) { [listener] in listener.hear($0, as: number) }
        model.observers[ObjectIdentifier(component), default: []].append(number)
        observers.append((id, ObjectIdentifier(component), number))
    }

    /// Compares all that there is and all that was told when a tick has ended.
    mutating func settle() throws {
        tickCount += 1
        try expectSameNotices()
        try #require(world.commands.droppedCount == model.droppedCommandCount, place)
        // Apart, so that not the whole model is printed.
        let isEqual = model.isEqual(to: world)
        try #require(isEqual, place)
        // Ticks that are not drained are merged.
        if !random.oneIn(5) {
            world.drainChanges(into: log)
            try model.observe(log, place)
            log.reset()
        }
        try #require(ledger.living == model.lifeCount, place)
        // Slow.
        if tickCount.isMultiple(of: 4) { world._checkInvariants() }
    }

    private mutating func expectSameNotices() throws {
        let (heard, expected) = (listener.notices, model.notices)
        let difference = zip(heard, expected).first { $0 != $1 }
        try #require(difference == nil, place)
        try #require(heard.count == expected.count, place)
        noticeCount += heard.count
        listener.forget()
        model.notices = []
    }

    /// Where the script is when something differs.
    var place: Comment { "seed \(seed), tick \(tickCount), operation \(operationCount)" }
}
