import OrreryECS
import Testing

@testable import SolarSystem

@Suite struct MomentTests {
    @Test func theDateIsThatOfThePositions() throws {
        let world = SolarSystemWorld.make(try InitialState(asteroidCount: 0, seed: 1))
        let schedule = SolarSystemWorld.makeSchedule()
        for hours in 1...3 {
            schedule.runTick(on: world, step: .seconds(3600))
            #expect(world.resource(Moment.self)?.julianDate == 2_451_545 + Double(hours) / 24)
        }
    }
}
