import OrreryECS
import OrrerySchema
import Testing

/// The script tick by tick: systems that run side by side share its operations, and give structural ones to their
/// commands.
struct ScheduledModelScript {
    var script: ModelScript
    private let schedule: ModelSchedule

    init(_ script: ModelScript, threadCount: Int) throws {
        self.script = script
        schedule = ModelSchedule(threadCount: threadCount)
        try schedule.schedule.validate()
    }

    mutating func runTick() throws {
        // What is observed is written in turn, so half of the ticks are without observers.
        if script.random.oneIn(3) { script.endObservers() }
        if script.random.oneIn(3) { script.changeObservers() }
        try run(makePlan())
        try script.settle()
    }

    private mutating func makePlan() -> ModelPlan {
        let plan = ModelPlan(schedule.schedule.systemNames)
        for _ in 0..<Int.random(in: 1...1000, using: &script.random) {
            let operation = script.nextOperation()
            plan[ModelSchedule.system(for: operation, &script.random)].operations.append(operation)
        }
        // Always, so that there is something to do side by side.
        plan["raise"].operations.append(.write(.healths(gain: script.nextNumber())))
        plan["time"].operations.append(.write(.burnings))
        plan["name"].operations.append(.write(.labels))
        return plan
    }

    private mutating func run(_ plan: ModelPlan) throws {
        script.world.insertResource(plan)
        schedule.schedule.runTick(on: script.world, step: .seconds(1))
        script.world.removeResource(ModelPlan.self)
        for stage in schedule.schedule.stageNames { try replay(stage, of: plan) }
        script.model.endTick()
    }

    /// The model does what the systems of a stage did: first what took effect at once, then what they put off, then
    /// what observers did.
    private mutating func replay(_ stage: [String], of plan: ModelPlan) throws {
        var putOff: [ModelOperation] = []
        for system in stage { putOff += try replay(plan[system], of: system) }
        script.model.performPutOff(putOff)
        script.model.flushCommands()
    }

    /// - Returns: What the system put off.
    private mutating func replay(_ task: ModelTask, of system: String) throws -> [ModelOperation] {
        let outcomes = task.outcomes
        if let component = schedule.askers[system] {
            try #require(outcomes == [script.model.changes(of: component)], "\(script.place): \(system)")
        } else if let (component, ticks) = schedule.mourners[system] {
            let isDue = script.world.tick.rawValue.isMultiple(of: ticks)
            try #require(outcomes == (isDue ? [script.model.losses(of: component)] : []), "\(script.place): \(system)")
        } else if let ticks = schedule.hearers[system] {
            let isDue = script.world.tick.rawValue.isMultiple(of: ticks)
            let heard = isDue ? [script.model.events.read(by: system)] : []
            try #require(outcomes == heard, "\(script.place): \(system)")
        } else {
            try #require(outcomes.count == task.operations.count, "\(script.place): \(system)")
        }
        var putOff: [ModelOperation] = []
        for (operation, outcome) in zip(task.operations, outcomes) {
            guard let outcome else {
                putOff.append(operation)
                continue
            }
            let expected = script.model.perform(operation, like: outcome)
            try #require(outcome == expected, "\(script.place): \(system): \(operation)")
        }
        return putOff
    }
}
