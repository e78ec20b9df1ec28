import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

@Suite("Code that waits for what does not come ends, and says for what it waited")
struct RunTests {
    @Test func firstStates() throws {
        let joined = try JoinedWorld { try $0.register(Position.self) }
        joined.tick()
        let client = try joined.connect(name: "pilot")
        client.isStalled = true
        let error = #expect(throws: StillWaiting.self) {
            try joined.run(ticksMax: 20) { _ = try await client.connection.view(of: Position.self) }
        }
        #expect(error?.ticks == 20)
        #expect(error?.description.hasSuffix(": 'pilot' waits for the first state of 1 subscriptions") == true)
    }

    @Test func aScheduleThatContradictsItself() {
        var schedule = Schedule()
        schedule.add("both", in: .update, .query(Write<Position>.self), .accessor(Position.self)) { _, _, _ in }
        #expect(throws: ScheduleError.self) {
            try JoinedWorld(schedule: schedule) { try $0.register(Position.self) }
        }
    }

    @Test func nothing() throws {
        let joined = try JoinedWorld { try $0.register(Position.self) }
        joined.tick()
        let client = try joined.connect()
        let error = #expect(throws: StillWaiting.self) {
            try joined.run(ticksMax: 5) {
                for try await batch in client.connection.batches where batch.tick > Tick(1000) { break }
            }
        }
        #expect(error?.description.hasSuffix("or the code sleeps, which passes no ticks") == true)
    }
}
