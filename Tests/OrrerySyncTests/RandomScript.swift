import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import OrreryWire

/// A world that lives by chance, and clients that come, stall, go on, subscribe and unsubscribe by chance. A seed gives it again.
struct RandomScript {
    var generator: SeededGenerator
    let joined: JoinedWorld
    var alive: [Entity] = []
    var clients: [(client: JoinedClient, subscriptions: [SubscriptionID])] = []
    /// What the server showed at each tick of each of its lives.
    var history: [Revision: Contents] = [:]
    /// What became of the mutations of all clients.
    let ledger = MutationLedger()

    init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        var configuration = SimulationConfiguration(tickRate: .hertz(10))
        // Small limits, so that windows close, batches are cut, and first states take several ticks.
        if generator.oneIn(2) { configuration.sync.windowSize = Int.random(in: 50...2000, using: &generator) }
        if generator.oneIn(2) { configuration.sync.limits.partSizeMax = Int.random(in: 100...1000, using: &generator) }
        if generator.oneIn(2) { configuration.sync.wholeSizeMax = Int.random(in: 0...3000, using: &generator) }
        configuration.sync.silenceTimeout = .seconds(Int.random(in: 3...30, using: &generator))
        if generator.oneIn(3) { configuration.sync.catchUpSizePerTick = Int.random(in: 1...3000, using: &generator) }
        joined = try JoinedWorld(
            configuration: configuration, linkByteCountMax: Int.random(in: 100...20_000, using: &generator)
        ) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Frozen.self)
            try sync.register(Label.self)
            try sync.register(Tally.self, writable: .byClients)
        }
        // Some worlds are large enough for several pages of rows.
        for _ in 0..<(generator.oneIn(8) ? 1100 : 5) { spawn() }
        ledger.begin(joined.world)
    }

    /// A server that begins anew, with another world.
    mutating func restart() throws {
        try joined.restart(with: World())
        alive = []
        for _ in 0..<5 { spawn() }
        ledger.begin(joined.world)
    }

    mutating func spawn() {
        let entity: Entity
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: entity = joined.world.spawn()
        case 1: entity = joined.world.spawn(Position(), Hidden())
        case 2: entity = joined.world.spawn(Position(x: 1), Health())
        case 3: entity = joined.world.spawn(Label(text: "new"), Frozen())
        default: entity = joined.world.spawn(Position(), Health(), Label())
        }
        alive.append(entity)
    }

    /// Some writes, and now and then a change of structure.
    mutating func changeWorld() throws {
        for _ in 0..<Int.random(in: 0...8, using: &generator) {
            guard let entity = alive.randomElement(using: &generator) else { break }
            let world = joined.world
            switch Int.random(in: 0..<14, using: &generator) {
            case 0: spawn()
            case 1:
                try world.despawn(entity)
                alive.removeAll { $0 == entity }
            case 2: try world.insert(Frozen(), on: entity)
            case 3: _ = try world.remove(Frozen.self, from: entity)
            case 4: try world.insert(Health(current: .random(in: 0...9, using: &generator)), on: entity)
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
                    let value = Position(x: .random(in: 0...3, using: &generator).rounded())
                    try world.set(value, on: entity)
                }
            }
        }
        if generator.oneIn(4) { joined.world.query(Write<Position>.self).forEach { $0.y += 1 } }
    }

    private mutating func label() -> Label {
        Label(
            text: String(repeating: "x", count: .random(in: 0...40, using: &generator)),
            tags: Set((0..<3).map { _ in Int32.random(in: 0...5, using: &generator) }))
    }

    mutating func changeClients() throws {
        if clients.count < 4, generator.oneIn(10) { clients.append((try joined.connect(), [])) }
        for index in clients.indices {
            if generator.oneIn(6) { clients[index].client.isStalled.toggle() }
            if generator.oneIn(12) { clients[index].client.cut(serverNotices: generator.oneIn(2)) }
            if generator.oneIn(3) { ledger.count(by: clients[index].client) }
            if clients[index].subscriptions.count < 4, generator.oneIn(5) {
                let names = generator.oneIn(4) ? nil : componentNames.filter { _ in generator.oneIn(2) }
                guard names != [] else { continue }
                let entity = generator.oneIn(4) ? alive.randomElement(using: &generator) : nil
                if let id = clients[index].client.subscribe(names, of: entity) {
                    clients[index].subscriptions.append(id)
                }
            } else if generator.oneIn(12), let id = clients[index].subscriptions.popLast() {
                clients[index].client.unsubscribe(id)
            }
        }
    }

    /// One tick, or several that the server's other half does not get to see one by one.
    mutating func tick() {
        if generator.oneIn(5) { joined.runTick() }
        joined.tick()
        history[joined.revision] = joined.contents
        if generator.oneIn(5) { joined.passTime(.milliseconds(Int.random(in: 1...1500, using: &generator))) }
    }

    /// Lets everyone catch up.
    mutating func settle() {
        for index in clients.indices { clients[index].client.isStalled = false }
        for _ in 0..<80 {
            joined.tick()
            history[joined.revision] = joined.contents
            joined.passTime(.milliseconds(1100))
        }
    }
}
