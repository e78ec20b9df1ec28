import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import Synchronization
import Testing

/// Mutations in the order of the program, and what becomes of them.
@Suite struct MutationHandleTests {
    private func makeWorld(_ configuration: SimulationConfiguration = .init()) throws -> JoinedWorld {
        try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(
                Health.self, writable: .byClients(judge: { $0.new?.current == 13 ? .refuse("unlucky") : .allow }))
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
    }

    @Test func mutationsTakeEffectInTheOrderOfTheProgram() throws {
        let joined = try makeWorld()
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        let spawned = connection.enqueue(.spawn(Position(x: 1), Health()))
        joined.tick()
        let ship = try joined.run { try await spawned.outcome.entities[0] }
        var last: MutationHandle?
        for number in 0..<100 { last = connection.enqueue(.set(Position(x: Float(number)), on: ship)) }
        let applied = try joined.run { try await last?.outcome }
        #expect(applied?.tick == joined.serverTick)
        #expect(joined.world[ship, Position.self] == Position(x: 99))
    }

    @Test func beyondTheLimitTheOutcomeIsThereAtOnce() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.pendingMutationMax = 4
        let joined = try makeWorld(configuration)
        let ship = joined.world.spawn(Position())
        joined.tick()
        let client = try joined.connect()
        let handles = (0..<6).map { client.connection.enqueue(.set(Position(x: Float($0)), on: ship)) }
        try joined.run {
            for handle in handles[4...] {
                let error = await #expect(throws: ClientError.self) { try await handle.outcome }
                #expect(error?.code == .limitReached)
            }
            #expect(joined.world[ship, Position.self] == Position(), "nothing was waited for")
            for handle in handles[..<4] { _ = try await handle.outcome }
        }
        #expect(joined.world[ship, Position.self] == Position(x: 3))
    }

    @Test func cancellingTheWaitDoesNotCancelTheMutation() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Position())
        joined.tick()
        let client = try joined.connect()
        let handle = client.connection.enqueue(.set(Position(x: 5), on: ship))
        try joined.run {
            await withTaskGroup { group in
                group.addTask {
                    let error = await #expect(throws: ClientError.self) { try await handle.outcome }
                    #expect(error?.code == .cancelled)
                }
                group.cancelAll()
            }
            _ = try await handle.outcome
        }
        #expect(joined.world[ship, Position.self] == Position(x: 5))
    }

    @Test func aRefusalThatNobodyAwaitedIsToldOnce() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Health())
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        // Let go before it is refused, and after.
        connection.enqueue(.set(Health(current: 13), on: ship))
        var held: MutationHandle? = connection.enqueue(.despawn(Entity(index: 77, generation: 1)))
        let awaited = connection.enqueue(.set(Health(current: 13), on: ship))
        connection.enqueue(.set(Health(current: 12), on: ship))
        let error = try joined.run {
            await #expect(throws: ClientError.self) { try await awaited.outcome }
        }
        #expect(error?.code == .forbidden && error?.message == "refused by the rule of Health: unlucky")
        #expect(client.takeErrors().map(\.code) == [.forbidden])
        joined.tick()
        #expect(held != nil && client.takeErrors().isEmpty, "somebody may still wait")
        held = nil
        joined.deliver()
        #expect(client.takeErrors().map(\.code) == [.unknownEntity])
        for _ in 0..<3 { joined.tick() }
        #expect(client.takeErrors().isEmpty)
        // What ends with the connection is told too.
        connection.enqueue(.set(Health(current: 1), on: ship))
        client.close()
        #expect(client.takeErrors().map(\.code) == [.outcomeUnknown])
    }

    @Test func aPatchOfSeveralFieldsIsOneMutation() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Health(current: 5, maximum: 50))
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            _ = try await client.connection.enqueue(
                .patch(ship, Health.self) {
                    $0.set(\.current, to: 6, expecting: 5)
                    $0.set(\.maximum, to: 60)
                }
            ).outcome
            #expect(joined.world[ship, Health.self] == Health(current: 6, maximum: 60))
            let error = await #expect(throws: ClientError.self) {
                try await client.connection.enqueue(
                    .patch(ship, Health.self) {
                        $0.set(\.current, to: 7)
                        $0.set(\.maximum, to: 70, expecting: 50)
                    }
                ).outcome
            }
            #expect(error?.code == .compareFailed && error?.current != nil)
        }
        #expect(joined.world[ship, Health.self] == Health(current: 6, maximum: 60), "all of it, or nothing")
    }

    @Test func whatTheServerDoesNotHaveIsAnErrorOfTheOutcome() throws {
        struct Fuel: Component { var litres = 0.0 }
        let joined = try makeWorld()
        let ship = joined.world.spawn(Health())
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            let error = await #expect(throws: ClientError.self) {
                try await client.connection.enqueue(.insert(Fuel(), on: ship)).outcome
            }
            #expect(error?.code == .component && error?.phase == .mutate)
            #expect(error?.message.contains("'Fuel'; it has: Health, Position") == true)
        }
    }
}
