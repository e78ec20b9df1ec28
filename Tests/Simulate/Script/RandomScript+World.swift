import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting

/// What happens in the world.
extension RandomScript {
    func spawn() {
        let world = joined.world
        let entity =
            switch number(0...4) {
            case 0: world.spawn()
            case 1: world.spawn(Position(), Hidden())
            case 2: world.spawn(Position(x: 1), Health())
            case 3: world.spawn(Label(text: "new"), Frozen())
            default: world.spawn(Position(), Health(), Label())
            }
        alive.append(entity)
    }

    /// Some writes, and now and then a change of structure.
    func changeWorld() throws {
        secrets?.change(in: joined.world)
        if secrets != nil, let entity = alive.randomElement(using: &generator), let name = secrets?.name() {
            try joined.world.insert(Target(name), on: entity)
        }
        // Now and then much dies and comes, so that indexes are used again while somebody is away.
        if chance(15) { try replaceHalf() }
        for _ in 0..<number(0...8) {
            guard let entity = alive.randomElement(using: &generator) else { break }
            try change(entity)
        }
        for _ in 0..<number(0...2) {
            guard let entity = alive.randomElement(using: &generator) else { break }
            try changeSight(of: entity)
        }
        if chance(4) { joined.world.query(Write<Position>.self).forEach { $0.y += 1 } }
        if chance(3) { changeResources() }
    }

    private func changeResources() {
        let world = joined.world
        switch number(0...5) {
        case 0: world.removeResource(Weather.self)
        case 1: world.removeResource(Log.self)
        case 2:
            // Gone and here again within a tick.
            if let weather = world.removeResource(Weather.self) { world.insertResource(weather) }
        case 3:
            var log = world.resource(Log.self) ?? Log()
            log.lines = [label().text]
            world.insertResource(log)
        default:
            let over = alive.randomElement(using: &generator) ?? .none
            world.insertResource(Weather(wind: Int32(number(0...3)), over: over))
        }
    }

    /// Who sees an entity, and whom it names.
    private func changeSight(of entity: Entity) throws {
        switch number(0...6) {
        case 0: _ = try joined.world.remove(VisibilityGroups.self, from: entity)
        case 4: _ = try joined.world.remove(Owner.self, from: entity)
        case 5, 6: try joined.world.insert(Owner(number: UInt32(number(0...3))), on: entity)
        case 1: try joined.world.insert(Target(alive.randomElement(using: &generator) ?? .none), on: entity)
        default: try joined.world.insert(VisibilityGroups(rawValue: UInt64(number(0...3))), on: entity)
        }
    }

    private func replaceHalf() throws {
        let dying = alive.prefix(40).filter { _ in chance(2) }
        for entity in dying { try joined.world.despawn(entity) }
        alive.removeAll(where: Set(dying).contains)
        joined.runTick()
        for _ in dying { spawn() }
        note("\(dying.count) entities die, and as many come in the next tick")
    }

    private func change(_ entity: Entity) throws {
        let world = joined.world
        switch number(0...13) {
        case 0: spawn()
        case 1:
            try world.despawn(entity)
            alive.removeAll { $0 == entity }
        case 2: try world.insert(Frozen(), on: entity)
        case 3: _ = try world.remove(Frozen.self, from: entity)
        case 4: try world.insert(Health(current: Int32(number(0...9))), on: entity)
        case 5: _ = try world.remove(Health.self, from: entity)
        case 6: try world.insert(label(), on: entity)
        case 7: _ = try world.remove(Label.self, from: entity)
        case 8:
            // Gone and here again within a tick.
            if let health = try world.remove(Health.self, from: entity) { try world.insert(health, on: entity) }
        case 9:
            // Here and gone within a tick: nobody may hear of it.
            try world.despawn(world.spawn(Position(), Label(text: "ghost")))
        case 10: try world.insert(Hidden(secret: 1), on: entity)
        default:
            if world.has(Position.self, on: entity) {
                try world.set(Position(x: Float(number(0...3)), y: Float(number(0...8))), on: entity)
            }
        }
    }

    private func label() -> Label {
        Label(
            text: String(repeating: "x", count: number(0...40)), tags: Set((0..<3).map { _ in Int32(number(0...5)) }))
    }
}
