import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

/// Regions, from the world to a client.
@Suite struct RegionTests {
    private struct Place: Component {
        struct Point { var x: Float = 0, y: Float = 0 }

        var name: Int32 = 0
        var at = Point()

        init() {}
        init(_ x: Float, _ y: Float = 0) { at = Point(x: x, y: y) }
    }

    private func makeWorld(_ configuration: SimulationConfiguration = .init()) throws -> JoinedWorld {
        try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Place.self, spatial: .grid(\.at, cellSize: 20))
            try sync.register(Health.self)
        }
    }

    @Test func whoComesAndGoesIsTold() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Place(0))
        let other = joined.world.spawn(Place(10.5))
        joined.tick()
        let client = try joined.connect()
        let query = try joined.run {
            try await client.connection.query(Place.self, within: .radius(10, of: ship))
        }
        #expect(query.entities == [ship] && query.rows.count == 1)
        var batches = query.batches.makeAsyncIterator()
        func next() throws -> (joined: [Entity], left: [Entity]) {
            let batch = try joined.run { try await batches.next() }
            return (batch?.joined ?? [], batch?.left ?? [])
        }
        _ = try next()
        // Nearer, then a bit farther away than the radius, then too far.
        try joined.world.set(Place(9), on: other)
        joined.tick()
        var told = try next()
        #expect(told.joined == [other] && query.rows.last?.1.at.x == 9)
        try joined.world.set(Place(10.9), on: other)
        joined.tick()
        told = try next()
        #expect(told.joined == [] && told.left == [] && query.entities == [ship, other])
        // The centre moves away.
        try joined.world.set(Place(-1), on: ship)
        joined.tick()
        told = try next()
        #expect(told.left == [other] && query.entities == [ship] && !query.isCentreLost)
        try joined.world.despawn(ship)
        joined.tick()
        told = try next()
        #expect(told.left == [ship] && query.isCentreLost)
        // The region stays where it was.
        try joined.world.set(Place(-5), on: other)
        joined.tick()
        #expect(query.entities == [other] && query.isCentreLost)
    }

    /// A region that is moved sends those who come, and nothing of those who stay.
    @Test func movingAPointSendsWhoComes() throws {
        let joined = try makeWorld()
        let all = (0..<100 as Range<Int>).map { joined.world.spawn(Place(Float($0))) }
        joined.tick()
        let client = try joined.connect()
        let query = try joined.run {
            try await client.connection.query(Place.self, within: .radius(20, x: 30, y: 0))
        }
        #expect(query.entities == Array(all[10...50]))
        let before = client.receivedByteCount
        try joined.run { try await query.replace(within: .radius(20, x: 31, y: 0)) }
        // Who was in it stays up to 22 away.
        #expect(query.entities == Array(all[10...51]))
        // All values would take 492 bytes.
        #expect(client.receivedByteCount - before < 300)
        try joined.run { try await query.replace(within: .radius(20, x: 33, y: 0)) }
        #expect(query.entities == Array(all[11...53]))
    }

    /// Somebody whom a class does not see is no centre for it, and a region stays where the class saw it last.
    @Test func aHiddenCentreIsLost() throws {
        var configuration = SimulationConfiguration()
        configuration.authorize = Authorizer { request in
            .allowed(
                .all,
                visibility: request.bearerToken == "all"
                    ? .everything : Visibility(groups: VisibilityGroups(rawValue: 1)))
        }
        let joined = try makeWorld(configuration)
        let ship = joined.world.spawn(Place(0), VisibilityGroups(rawValue: 1))
        let near = joined.world.spawn(Place(5), VisibilityGroups(rawValue: 1))
        let far = joined.world.spawn(Place(100), VisibilityGroups(rawValue: 1))
        joined.tick()
        let (some, all) = (try joined.connect(token: "some"), try joined.connect(token: "all"))
        let text: QueryText = "\(Place.self) within 10 of \(ship)"
        let ofSome = try joined.run { try await some.connection.query(text) }
        let ofAll = try joined.run { try await all.connection.query(text) }
        #expect(ofSome.entities == [ship, near] && ofAll.entities == [ship, near])
        try joined.world.insert(VisibilityGroups(rawValue: 2), on: ship)
        try joined.world.set(Place(101), on: ship)
        joined.tick()
        #expect(ofSome.entities == [near] && ofAll.entities == [ship, far])
        #expect(ofSome.isCentreLost && !ofAll.isCentreLost)
        try joined.world.insert(VisibilityGroups(rawValue: 1), on: ship)
        joined.tick()
        #expect(ofSome.entities == [ship, far] && ofAll.entities == [ship, far])
        #expect(!ofSome.isCentreLost && !ofAll.isCentreLost)
    }

    /// Where a lost centre was, and who was in the region, survives a lost connection.
    @Test func aRegionSurvivesALostConnection() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Place(0))
        let (ring, away) = (joined.world.spawn(Place(9)), joined.world.spawn(Place(50)))
        joined.tick()
        let client = try joined.connect()
        let query = try joined.run { try await client.connection.query(Place.self, within: .radius(10, of: ship)) }
        try joined.world.despawn(ship)
        joined.tick()
        #expect(query.entities == [ring] && query.isCentreLost)
        _ = client.takeBatches()
        client.cut()
        joined.deliver()
        try joined.world.set(Place(10.5), on: ring)
        try joined.world.set(Place(10.5), on: away)
        joined.tick()
        for _ in 0..<100 where query.live.isStale { joined.passTime(.milliseconds(100)) }
        #expect(!query.live.isStale)
        #expect(query.entities == [ring] && query.isCentreLost)
        #expect(client.takeBatches().allSatisfy { $0.reset == nil })
    }

    @Test func aComponentWithoutPlacesIsNotSpatial() throws {
        struct Named: Component, Codable { var x: Float = 0, y: Float = 0, name = "" }
        #expect(throws: SchemaError.self) {
            try JoinedWorld { try $0.register(Health.self, spatial: .grid(cellSize: 20)) }
        }
        #expect(throws: SchemaError.self) {
            try JoinedWorld { try $0.register(Place.self, spatial: .grid(cellSize: 20)) }
        }
        #expect(throws: SchemaError.self) {
            try JoinedWorld { try $0.register(Named.self, spatial: .grid(cellSize: 20)) }
        }
        for size in [0, -1, .infinity, .nan] {
            #expect(throws: SchemaError.self) {
                try JoinedWorld { try $0.register(Place.self, spatial: .grid(\.at, cellSize: size)) }
            }
        }
        _ = try JoinedWorld { try $0.register(Position.self, spatial: .grid(cellSize: 20)) }
    }

    @Test func anErrorOfAQueryWithTypesQuotesItsText() throws {
        let joined = try makeWorld()
        let client = try joined.connect()
        try joined.run {
            let regions: [QueryRegion] = [
                .radius(-1, of: Entity(index: 0, generation: 1)), .radius(.nan, x: 0, y: 0), .radius(1e9, x: 0, y: 0),
            ]
            for region in regions {
                let error = await #expect(throws: ClientError.self) {
                    try await client.connection.query(Place.self, within: region)
                }
                #expect(error?.code == .query)
            }
        }
    }
}
