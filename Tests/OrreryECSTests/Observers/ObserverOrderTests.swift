// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("Each observer hears all steps in order, with the values of their moments, also of what observers write")
struct ObserverOrderTests {
    /// What one observer was told, and whether it makes a chain for each entity. Guard: one test, one thread.
    private final class Hearing {
        var lines: [String] = []
        /// What each entity has, by what was told.
        private(set) var known: [Entity: Int32] = [:]
        private(set) var broken: [String] = []

        func hear(_ observation: Observation<Health>) {
            let (old, new) = (observation.old?.current, observation.new?.current)
            let text = { (value: Int32?) in value.map { "\($0)" } ?? "-" }
            let line = "\(observation.entity.index): \(text(old)) to \(text(new))"
            lines.append(line)
            if known[observation.entity] != old { broken.append(line) }
            known[observation.entity] = new
        }
    }

    private let world = World()
    private let hearing = Hearing()

    private func expectChains(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(hearing.broken == [], sourceLocation: sourceLocation)
        var values: [Entity: Int32] = [:]
        world.query(Read<Health>.self).forEachEntity { values[$0] = $1.current }
        #expect(hearing.known == values, "what was told leads to what is there", sourceLocation: sourceLocation)
    }

    @Test(.bug(id: "f02", "a later step was told first, and an earlier one with the later value"))
    func anObserverWritesWhatItHearsOf() throws {
        world.observe(Health.self) { observation in
            if let new = observation.new, new.current > 10 {
                try? observation.world.set(Health(current: 10), on: observation.entity)
            }
        }
        world.observe(Health.self) { [hearing] in hearing.hear($0) }
        let entity = world.spawn(Health(current: 1))
        try world.set(Health(current: 50), on: entity)
        try world.update(entity, Health.self) { $0.current = 70 }
        world.query(Write<Health>.self).forEach { $0.current = 90 }
        #expect(
            hearing.lines == [
                "0: - to 1", "0: 1 to 50", "0: 50 to 10", "0: 10 to 70", "0: 70 to 10", "0: 10 to 90", "0: 90 to 10",
            ])
        expectChains()
    }

    @Test(.bug(id: "f02b", "what a query wrote was told with what an observer wrote later"))
    func anObserverWritesAnotherRowOfTheQuery() {
        let first = world.spawn(Health(current: 1))
        let second = world.spawn(Health(current: 1))
        world.observe(Health.self) { [hearing] observation in
            if observation.entity == first { try? observation.world.set(Health(current: 100), on: second) }
            if observation.entity == second { hearing.hear(observation) }
        }
        world.query(Write<Health>.self).forEach { $0.current += 1 }
        #expect(hearing.lines == ["1: 1 to 2", "1: 2 to 100"])
    }

    @Test func anObserverWritesRowsThatTheQueryVisitsLater() {
        world.observe(Health.self) { [hearing] in hearing.hear($0) }
        world.observe(Health.self) { observation in
            guard observation.entity.index == 5, observation.kind == .changed else { return }
            for index in [6, 1023, 1024, 2999] as [UInt32] {
                let other = Entity(index: index, generation: 1)
                try? observation.world.update(other, Health.self) { $0.current += 1000 }
            }
        }
        for _ in 0..<3000 { world.spawn(Health(current: 1)) }
        world.query(Write<Health>.self).forEach { $0.current += 1 }
        expectChains()
        #expect(
            hearing.lines.suffix(3004).filter { $0.hasPrefix("2999:") || $0.hasPrefix("6:") } == [
                "6: 1 to 2", "6: 2 to 1002", "2999: 1 to 1001", "2999: 1001 to 1002",
            ])
    }

    /// The closure of a query writes other rows of the query, those before and those to come, and their rows are told
    /// once for each.
    @Test func theClosureOfAQueryWritesOtherRows() {
        let entities = (0..<10).map { _ in world.spawn(Health(current: 0)) }
        let healths = world.accessor(Health.self)
        world.observe(Health.self) { [hearing] in hearing.hear($0) }
        world.query(Write<Health>.self).forEachEntity { entity, health in
            health.current += 1
            guard entity == entities[4] else { return }
            try? healths.set(Health(current: 100), on: entities[2])
            try? healths.update(entities[7]) { $0.current = 200 }
            world.query(Write<Health>.self).only(entities[3], entities[8]).forEach { $0.current += 300 }
        }
        #expect(
            hearing.lines == [
                "2: 0 to 1", "2: 1 to 100", "7: 0 to 200", "3: 0 to 1", "3: 1 to 301", "8: 0 to 300", "0: 0 to 1",
                "1: 0 to 1", "4: 0 to 1", "5: 0 to 1", "6: 0 to 1", "7: 200 to 201", "8: 300 to 301", "9: 0 to 1",
            ])
    }

    @Test func whatIsWrittenUntoldIsNoStep() throws {
        let entity = world.spawn(Health(current: 1))
        world.observe(Health.self) { [hearing] in hearing.hear($0) }
        try world.updateUnmarked(entity, Health.self) { $0.current = 2 }
        world.query(Write<Health>.self).forEach {
            $0.current = 3
            try? world.updateUnmarked(entity, Health.self) { $0.current = 4 }
        }
        #expect(hearing.lines == ["0: 2 to 3"])
    }

    @Test func observersHearWhenNobodyHoldsAValue() throws {
        let (first, second) = (world.spawn(Health(current: 1)), world.spawn(Health(current: 1)))
        var isHeld = false
        world.observe(Health.self) { [hearing] observation in
            #expect(!isHeld)
            hearing.hear(observation)
        }
        try world.update(first, Health.self) { health in
            isHeld = true
            try? world.set(Health(current: 2), on: second)
            health.current = 3
            isHeld = false
        }
        #expect(hearing.lines == ["1: 1 to 2", "0: 1 to 3"])
    }

    /// A row after the other, in each the columns in the order of the query.
    @Test func severalObservedColumns() {
        for _ in 0..<2 { world.spawn(Mass(), Label(), Health(current: 0)) }
        var lines: [String] = []
        world.observe(Mass.self) { lines.append("mass \($0.entity.index)") }
        world.observe(Label.self) { lines.append("label \($0.entity.index)") }
        world.observe(Health.self) { lines.append("health \($0.entity.index)") }
        world.query(Write<Health>.self, Write<Mass>.self, Write<Label>.self).forEach { health, mass, label in
            health.current += 1
            mass.kilograms += 1
            label.text += "."
        }
        #expect(lines == ["health 0", "mass 0", "label 0", "health 1", "mass 1", "label 1"])
    }

    @Test func stepsOfSeveralComponentsAreToldInOrder() throws {
        var lines: [String] = []
        world.observe(Health.self) { observation in
            lines.append("health \(observation.new?.current ?? 0)")
            guard observation.kind == .changed, let health = observation.new, health.current < 3 else { return }
            try? observation.world.set(Mass(kilograms: Double(health.current)), on: observation.entity)
            try? observation.world.set(Health(current: health.current + 1), on: observation.entity)
            try? observation.world.set(Mass(kilograms: -1), on: observation.entity)
        }
        world.observe(Mass.self) { lines.append("mass \($0.new?.kilograms ?? 0)") }
        let entity = world.spawn(Mass(kilograms: 0), Health(current: 0))
        lines = []
        try world.set(Health(current: 1), on: entity)
        #expect(
            lines == [
                "health 1", "mass 1.0", "health 2", "mass -1.0", "mass 2.0", "health 3", "mass -1.0",
            ])
    }

    @Test func allThatIsSpawnedIsToldBeforeWhatIsWrittenToIt() throws {
        var lines: [String] = []
        world.register(Mass.self)
        world.observe(Mass.self) { observation in
            lines.append("mass \(observation.entity.index)")
            guard observation.kind == .added else { return }
            for index in UInt32(0)..<3 {
                try? observation.world.set(Health(current: 5), on: Entity(index: index, generation: 1))
            }
        }
        world.observe(Health.self) { [hearing] in hearing.hear($0) }
        try world.spawn(count: 3, Mass(), Health(current: 1))
        #expect(lines == ["mass 0", "mass 1", "mass 2"])
        #expect(
            hearing.lines == [
                "0: - to 1", "1: - to 1", "2: - to 1", "0: 1 to 5", "1: 1 to 5", "2: 1 to 5",
            ])
        expectChains()
    }

    @Test func whatIsWrittenToWhatEndsGoesWithIt() throws {
        world.observe(Health.self) { [hearing] in hearing.hear($0) }
        world.observe(Health.self) { observation in
            guard observation.new == nil else { return }
            try? observation.world.set(Health(current: 77), on: observation.entity)
            try? observation.world.set(Mass(kilograms: 77), on: observation.entity)
        }
        var masses: [Double?] = []
        world.observe(Mass.self) { masses.append($0.new?.kilograms) }
        let (first, second) = (world.spawn(Health(current: 1), Mass()), world.spawn(Health(current: 2), Mass()))
        #expect(try world.remove(Health.self, from: first)?.current == 77)
        try world.despawn(second)
        #expect(hearing.lines == ["0: - to 1", "1: - to 2", "0: 1 to -", "1: 2 to -"])
        #expect(masses == [1, 1, 77, nil], "the first lives on without its health")
        expectChains()
    }

    @Test func equalBytesAreNoStep() throws {
        let entity = world.spawn(Mass(kilograms: .nan))
        var count = 0
        world.observe(Mass.self) { _ in count += 1 }
        try world.set(Mass(kilograms: .nan), on: entity)
        world.query(Write<Mass>.self).forEach { $0.kilograms += 0 }
        #expect(count == 0)
        try world.set(Mass(kilograms: 1), on: entity)
        #expect(count == 1)
    }

    /// What lies between the fields is not a part of the value.
    @Test func bytesBetweenFieldsAreNoStep() throws {
        struct Gauge: Component {
            var unit: UInt8 = 1
            var value = 2.0
            var direction = SIMD3<Float>(1, 2, 3)
        }
        let entity = world.spawn(Gauge())
        var count = 0
        world.observe(Gauge.self) { _ in count += 1 }
        try world.update(entity, Gauge.self) { gauge in
            withUnsafeMutableBytes(of: &gauge) { bytes in
                for offset in Array(1..<8) + Array(28..<32) { bytes[offset] ^= 0xff }
            }
        }
        #expect(count == 0)
        try world.update(entity, Gauge.self) { $0.direction.z += 1 }
        #expect(count == 1)
    }

    /// Any writes, any observers: what each is told of an entity is a chain that leads to what is there.
    @Test(arguments: testSeeds())
    func chainsOfAnyScript(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        world.observe(Health.self) { [hearing] in hearing.hear($0) }
        let entities = (0..<1500).map { _ in world.spawn(Health(current: Int32.random(in: 0..<100, using: &random))) }
        let late = Hearing()
        for number in 0..<3 {
            world.observe(Health.self) { observation in
                guard let new = observation.new, new.current % 5 == number, new.current > 0 else { return }
                let target = entities[Int(new.current) * 13 % entities.count]
                try? observation.world.update(target, Health.self) { $0.current /= 2 }
            }
        }
        world.observe(Health.self) { late.hear($0) }
        let known = hearing.known
        for _ in 0..<20 {
            let gain = Int32.random(in: 1..<50, using: &random)
            let entity = entities.randomElement(using: &random)!
            switch Int.random(in: 0..<3, using: &random) {
            case 0: try world.set(Health(current: gain), on: entity)
            case 1: world.query(Write<Health>.self).forEach { $0.current += $0.current % gain }
            default:
                world.query(Write<Health>.self).only(entity, entities[0], entities[1]).forEach { $0.current += gain }
            }
        }
        expectChains()
        #expect(hearing.known != known && late.known.allSatisfy { hearing.known[$0] == $1 }, "seed \(seed)")
        #expect(hearing.lines.suffix(late.lines.count) == late.lines[...], "all hear the same; seed \(seed)")
    }

    @Test func endlessLoopsInBreadthAreNamed() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            let entities = try world.spawn(count: 2000, Health(current: 0))
            world.observe(Health.self) { $0.world.query(Write<Health>.self).forEach { $0.current += 1 } }
            try world.set(Health(current: 1), on: entities[0])
        }
        #expect(stderr(result).contains("observers have written more than 1048576 values, of 'Health' last"))
    }
}
