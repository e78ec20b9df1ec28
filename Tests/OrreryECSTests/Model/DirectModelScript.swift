import OrreryECS
import OrrerySchema
import Testing

/// The script operation by operation, without a schedule.
struct DirectModelScript {
    var script: ModelScript
    private var reader = EventReader<ModelSignal>()
    private var marks: [ObjectIdentifier: ChangeMark] = [:]
    private static let componentsAsked: [any ModelComponent.Type] = [
        Health.self, Label.self, Burning.self, Selected.self,
    ]

    init(_ script: ModelScript) {
        self.script = script
    }

    mutating func runTick(isObserved: Bool) throws {
        for _ in 0..<Int.random(in: 1...700, using: &script.random) { try step(isObserved: isObserved) }
        flush()
        try hear()
        endTick()
        try script.settle()
    }

    private mutating func step(isObserved: Bool) throws {
        switch Int.random(in: 0..<1000, using: &script.random) {
        case 0..<40: putOff(script.nextOperation())
        case 40..<46: flush()
        case 46..<51 where isObserved: script.changeObservers()
        case 51..<53: try askForChanges(of: Self.componentsAsked.randomElement(using: &script.random)!)
        case 53..<56: try hear()
        case 56..<59: endTick()
        default:
            let operation = script.nextOperation()
            let outcome = script.world.perform(operation)
            try #require(outcome == script.model.perform(operation, like: outcome), "\(script.place): \(operation)")
        }
    }

    private mutating func putOff(_ operation: ModelOperation) {
        guard operation.canBePutOff else { return }
        script.world.commands.put(operation)
        script.model.commands.append(operation)
    }

    private mutating func flush() {
        script.world.flushCommands()
        script.model.flushCommands()
    }

    private mutating func endTick() {
        script.world.endTick()
        script.model.endTick()
    }

    private mutating func hear() throws {
        let signals = reader.read(script.world)
        let heard = ModelOutcome.heard(Array(signals), missed: Int(signals.missedCount))
        try #require(heard == script.model.events.read(by: "reader"), script.place)
    }

    private mutating func askForChanges<C: ModelComponent>(of component: C.Type) throws {
        var query = script.world.query(Read<C>.self)
        if let mark = marks[ObjectIdentifier(component)] { query = query.since(mark) }
        let changes = query.changes(of: component)
        try #require(changes == script.model.changes(of: component), script.place)
        marks[ObjectIdentifier(component)] = script.world.changeMark()
    }
}
