import OrreryECS
import OrrerySchema

/// What each system is to do in a tick, and what comes of it.
struct ModelPlan: Sendable {
    private let tasks: [String: ModelTask]

    init(_ systems: [String]) {
        tasks = Dictionary(uniqueKeysWithValues: systems.map { ($0, ModelTask()) })
    }

    subscript(system: String) -> ModelTask {
        guard let task = tasks[system] else { preconditionFailure("no system is named '\(system)'") }
        return task
    }
}

/// What one system is to do in a tick, and what comes of it.
///
/// `@unchecked Sendable`: while the tick runs it is its system's alone, before and after it is the script's.
final class ModelTask: @unchecked Sendable {
    var operations: [ModelOperation] = []
    /// `nil` for what was put off.
    var outcomes: [ModelOutcome?] = []
}

/// Systems that do what a ``ModelPlan`` says: a writer for each component, one for each query that writes, one that has
/// the world to itself, and those that look on.
struct ModelSchedule {
    private(set) var schedule = Schedule()
    /// Systems that ask which rows of a component have changed.
    private(set) var askers: [String: any ModelComponent.Type] = [:]
    /// Systems that hear signals, and every how many ticks they run.
    private(set) var hearers: [String: UInt64] = [:]
    /// Systems that ask who has lost a component, and every how many ticks they run.
    private(set) var mourners: [String: (component: any ModelComponent.Type, everyTicks: UInt64)] = [:]

    init(threadCount: Int) {
        schedule.threadCount = threadCount
        addHearer("hear first", in: .input)
        for component in modelComponents { addWriter(of: component) }
        schedule.add("raise", in: .update, .query(Write<Health>.self), .plan) { query, plan, tick in
            tick.carryOut("raise", of: plan) { operation in
                guard case .write(.healths(let gain)) = operation else { return nil }
                return .entities(query.raise(by: gain, in: tick))
            }
        }
        schedule.add("time", in: .update, .query(Write<Burning>.self, Maybe<Mass>.self), .plan) { query, plan, tick in
            tick.carryOut("time", of: plan) { _ in .entities(query.timeByMass()) }
        }
        schedule.add("name", in: .update, .query(Write<Label>.self, Read<Health>.self), .plan) { query, plan, tick in
            tick.carryOut("name", of: plan) { _ in .entities(query.nameByHealth(in: tick)) }
        }
        // Relations are observed, by the world itself, so the stage of these runs in turn.
        for relation in modelRelations { addWriter(of: relation, order: [.after("name")]) }
        for component in modelComponents + modelRelations { addAsker(of: component) }
        for (number, component) in (modelComponents + modelRelations).enumerated() {
            addMourner(of: component, everyTicks: UInt64(1 + number % 3))
        }
        addHearer("hear", in: .late)
        addHearer("hear rarely", in: .late, everyTicks: 3)
        schedule.add("alone", in: .publish, .world, .plan) { world, plan, tick in
            tick.carryOut("alone", of: plan) { world.perform($0) }
        }
    }

    /// The system that does an operation: a writer what its component is to be, or commands.
    static func system(for operation: ModelOperation, _ random: inout SeededGenerator) -> String {
        switch operation {
        // A tag has no bytes, and the thread sanitizer takes its place for that of the value beside it.
        case .set(is Frozen, _), .update(is Frozen, _), .set(is Selected, _), .update(is Selected, _): "alone"
        case .set(let value, _), .update(let value, _): writer(of: type(of: value))
        case .write(.healths): "raise"
        case .write(.burnings): "time"
        case .write(.labels): "name"
        case .send: random.oneIn(2) ? "raise" : "alone"
        case _ where operation.canBePutOff && !random.oneIn(6):
            writer(of: (modelComponents + modelRelations).randomElement(using: &random)!)
        default: "alone"
        }
    }

    private static func writer(of component: any ModelComponent.Type) -> String { "write \(component.componentName)" }

    private mutating func addWriter<C: ModelComponent>(of component: C.Type, order: [SystemOrder] = []) {
        let name = Self.writer(of: component)
        schedule.add(name, in: .update, .accessor(C.self), .plan, order: order) { values, plan, tick in
            tick.carryOut(name, of: plan) { operation in
                do throws(WorldError) {
                    switch operation {
                    case .set(let value as C, let entity): try values.set(value, on: entity)
                    case .update(let value as C, let entity): try values.update(entity) { $0 = value }
                    default: return nil
                    }
                    return .done
                } catch {
                    return .refused(error.code)
                }
            }
        }
    }

    private mutating func addAsker<C: ModelComponent>(of component: C.Type) {
        let name = "ask for \(component.componentName)"
        askers[name] = component
        schedule.add(name, in: .late, .query(Read<C>.self), .plan) { query, plan, _ in
            plan[name].outcomes.append(query.changes(of: component))
        }
    }

    private mutating func addMourner<C: ModelComponent>(of component: C.Type, everyTicks ticks: UInt64) {
        let name = "miss \(component.componentName)"
        mourners[name] = (component, ticks)
        schedule.add(name, in: .late, .removals(of: C.self), .plan, when: .every(ticks: ticks)) { removals, plan, _ in
            plan[name].outcomes.append(.lost(removals.map(ModelLoss.init)))
        }
    }

    private mutating func addHearer(_ name: String, in phase: Phase, everyTicks ticks: UInt64 = 1) {
        hearers[name] = ticks
        schedule.add(name, in: phase, .events(ModelSignal.self), .plan, when: .every(ticks: ticks)) {
            signals, plan, _ in
            plan[name].outcomes.append(.heard(Array(signals), missed: Int(signals.missedCount)))
        }
    }
}

extension SystemParameter<ModelPlan> {
    fileprivate static var plan: Self { .resource(default: ModelPlan([])) }
}

extension TickContext {
    /// Does what a system is to do.
    /// - Parameter perform: Does it at once; `nil` for what is to be put off.
    fileprivate func carryOut(_ system: String, of plan: ModelPlan, _ perform: (ModelOperation) -> ModelOutcome?) {
        let task = plan[system]
        for operation in task.operations {
            let outcome = perform(operation)
            task.outcomes.append(outcome)
            guard outcome == nil else { continue }
            if case .send(let signal) = operation { send(signal) } else { commands.put(operation) }
        }
    }
}
