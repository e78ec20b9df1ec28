import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
package import OrreryTesting
import OrreryWire

/// A world that lives by chance, and clients that come, go, subscribe, steer, and have bad networks by chance. A seed
/// gives it again.
package final class RandomScript {
    /// One of the clients.
    package final class Participant {
        package let number: Int
        package let client: JoinedClient
        var subscriptions: [SubscriptionID] = []
        var isClosed = false
        var watch = ClientWatch()
        let answers = AnswerWatch()
        let hashes = HashWatch()
        /// Whether its memory is damaged now and then.
        let isFragile: Bool
        /// Queries that take the place of others once they have started.
        var replacements: [(old: SubscriptionID, new: SubscriptionID)] = []

        init(number: Int, client: JoinedClient, isFragile: Bool) {
            self.number = number
            self.client = client
            self.isFragile = isFragile
        }
    }

    var generator: SeededGenerator
    package let joined: JoinedWorld
    let configuration: SimulationConfiguration
    var alive: [Entity] = []
    package private(set) var participants: [Participant] = []
    /// How seldom each fault happens to a client's link or reader, in steps.
    let faultRarity: Int
    /// What the server showed at each tick of each of its lives.
    let history = History()
    /// What became of the mutations of all clients.
    let ledger: MutationLedger
    var bounds = BoundWatch()
    /// What was done, for those who replay a seed.
    package private(set) var trace: [String] = []
    private let isTraced: Bool
    /// What none of the clients may see, if that is what is tried.
    var secrets: Secrets?

    /// - Parameter secret: Decides about what no client may see, and about nothing else; `nil` if clients may see
    ///   everything.
    package init(seed: UInt64, secret: UInt64? = nil, isTraced: Bool = false) throws {
        var generator = SeededGenerator(seed: seed)
        configuration = Self.makeConfiguration(&generator)
        faultRarity = [10, 20, 40][Int.random(in: 0...2, using: &generator)]
        self.isTraced = isTraced
        secrets = secret.map(Secrets.init)
        let standard = SyncServerConfiguration()
        let writes = MutationLedger.Writes()
        ledger = MutationLedger(
            hasRoomForAll: configuration.sync.answersSizeMax == standard.answersSizeMax
                && configuration.sync.pendingMutationMax == standard.pendingMutationMax, writes, history)
        var lives = SeededGenerator(seed: seed ^ 0x6c69_7665_73)
        joined = try JoinedWorld(
            configuration: configuration, linkByteCountMax: Int.random(in: 100...20_000, using: &generator)
        ) { sync in
            // In another life the server may have fewer components, and others under their numbers.
            if lives.oneIn(2) { try sync.register(Health.self, ordered: \.current) }
            try sync.register(Position.self, spatial: lives.oneIn(6) ? nil : .grid(cellSize: lives.oneIn(2) ? 1 : 4))
            if !lives.oneIn(4) { try sync.register(Frozen.self) }
            try sync.register(Tally.self, writable: .byClients)
            if !lives.oneIn(4) { try sync.register(Label.self) }
            try sync.register(Target.self, writable: .byClients)
            try sync.register(Owner.self)
            try sync.restrict(Owner.self, reading: Position.self) { owner, sight in
                owner.isShown(
                    to: sight.client.id,
                    isAtEdge: sight.world[sight.entity, Position.self]?.x == Owner.edgePlace)
            }
            if lives.oneIn(2) { try sync.register(resource: Weather.self) }
            if !lives.oneIn(4) { try Self.registerLog(&sync, writes) }
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
        self.generator = generator
        // Some worlds are large enough for several pages of rows.
        secrets?.spawn(in: joined.world)
        for _ in 0..<(chance(8) ? 1100 : 5) { spawn() }
        ledger.begin(joined.world, joined.revision.epoch)
        note("settings: \(configuration.sync), \(configuration.mutationWorkRateMax) units of mutations a second")
    }

    /// What clients may see.
    static let classes = [
        .everything, Visibility(groups: VisibilityGroups(rawValue: 1)),
        Visibility(groups: VisibilityGroups(rawValue: 2), components: ["Position", "Tally", "Target", "Label"]),
        Visibility(groups: VisibilityGroups(rawValue: 3)), Visibility(isPersonal: true),
        Visibility(groups: VisibilityGroups(rawValue: 1), isPersonal: true),
    ]

    /// What a client may see; never what is secret.
    func randomClass() -> Int { number((secrets == nil ? 0 : 1)...Self.classes.count - 1) }
    /// Registers the log, whose rule counts what clients write. It is asked last, so all that it allows has its effect.
    private static func registerLog(_ sync: inout SyncRegistry, _ writes: MutationLedger.Writes) throws {
        try sync.register(
            resource: Log.self,
            writable: .byClients(where: { write in
                if let log = write.new { writes.note(log.last) }
                return true
            }))
    }

    /// Small limits, so that windows close, batches are cut, and first states take several ticks.
    private static func makeConfiguration(_ generator: inout SeededGenerator) -> SimulationConfiguration {
        var configuration = SimulationConfiguration(tickRate: .hertz(10))
        configuration.authorize = Authorizer { request in
            .allowed(.all, visibility: classes[request.bearerToken.flatMap(Int.init) ?? 0])
        }
        if generator.oneIn(2) { configuration.sync.windowSize = .random(in: 50...2000, using: &generator) }
        if generator.oneIn(4) { configuration.sync.windowTickCount = .random(in: 1...8, using: &generator) }
        if generator.oneIn(2) { configuration.sync.limits.partSizeMax = .random(in: 100...1000, using: &generator) }
        if generator.oneIn(2) { configuration.sync.wholeSizeMax = .random(in: 1...3000, using: &generator) }
        if generator.oneIn(3) { configuration.sync.catchUpSizePerTick = .random(in: 1...3000, using: &generator) }
        if generator.oneIn(4) { configuration.sync.clientCountMax = .random(in: 1...4, using: &generator) }
        if generator.oneIn(3) { configuration.sync.requestWorkRateMax = .random(in: 400...4000, using: &generator) }
        if generator.oneIn(3) { configuration.sync.turnWorkMax = .random(in: 2...20, using: &generator) }
        if generator.oneIn(3) { configuration.sync.buildWorkRateMax = .random(in: 4000...40_000, using: &generator) }
        if generator.oneIn(3) { configuration.sync.requestRateMax = .random(in: 10...40, using: &generator) }
        if generator.oneIn(3) { configuration.sync.mutationRateMax = .random(in: 2...40, using: &generator) }
        if generator.oneIn(3) { configuration.mutationWorkRateMax = .random(in: 10...100, using: &generator) }
        if generator.oneIn(4) { configuration.sync.answerSizeMax = .random(in: 200...4000, using: &generator) }
        if generator.oneIn(4) {
            configuration.sync.answersSizeMax = .random(in: 4000...20_000, using: &generator)
            configuration.sync.answerSizeMax = min(
                configuration.sync.answerSizeMax, configuration.sync.answersSizeMax)
        }
        if generator.oneIn(3) { configuration.sync.pendingMutationMax = .random(in: 2...50, using: &generator) }
        if generator.oneIn(4) { configuration.sync.rememberedSizeMax = .random(in: 200...5000, using: &generator) }
        if generator.oneIn(4) {
            configuration.sync.limits.subscriptionCountMax = .random(in: 4...8, using: &generator)
        }
        if generator.oneIn(3) { configuration.sync.waitingQueryMax = .random(in: 1...4, using: &generator) }
        if generator.oneIn(3) { configuration.sync.queryAnswerSizeMax = .random(in: 50...2000, using: &generator) }
        if generator.oneIn(8) { configuration.sync.queryRowCountMax = .random(in: 1...20, using: &generator) }
        if generator.oneIn(2) { makeMessagesSmall(&configuration, &generator) }
        configuration.sync.fieldsAreAlwaysUsed = generator.oneIn(2)
        configuration.sync.evaluatesInParts = generator.oneIn(2)
        if generator.oneIn(2) { configuration.sync.firstEvaluationRateMax = 1 }
        if generator.oneIn(4) { configuration.sync.evaluationRateMax = .random(in: 50...2000, using: &generator) }
        configuration.sync.silenceTimeout = .seconds(Int.random(in: 3...30, using: &generator))
        return configuration
    }

    /// Short messages, so that what may wait for all clients together is little too.
    private static func makeMessagesSmall(
        _ configuration: inout SimulationConfiguration, _ generator: inout SeededGenerator
    ) {
        configuration.sync.clientMessageSizeMax = 2048
        configuration.sync.limits.messageSizeMax = 4096
        configuration.sync.limits.partSizeMax = min(configuration.sync.limits.partSizeMax, 2000)
        configuration.sync.limits.valueSizeMax = 1024
        configuration.sync.limits.schema.fixedSizeMax = 256
        configuration.sync.limits.reasonSizeMax = 200
        if generator.oneIn(2) { configuration.sync.heldSizeMax = .random(in: 4096...20_000, using: &generator) }
        configuration.sync.stallTimeout = .milliseconds(Int.random(in: 500...4000, using: &generator))
    }

    /// Whether something happens that happens once in `count` times.
    func chance(_ count: Int) -> Bool { generator.oneIn(count) }

    func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }

    /// Writes down what is done.
    func note(_ text: @autoclosure () -> String) {
        if isTraced { trace.append(text()) }
    }

    /// One step: something changes in the world, with the clients and on their links; then comes a tick.
    package func step() throws {
        try changeWorld()
        try changeParticipants()
        tick()
        if chance(40), hasLetEverybodyIn { try restart() }
    }

    /// Whoever waits for its first welcome would wait for that of a server that is gone, and give up.
    private var hasLetEverybodyIn: Bool {
        participants.allSatisfy { $0.isClosed || $0.client.isWelcomed || $0.client.tick > .zero }
    }

    func join() throws {
        let token = "\(randomClass())"
        participants.append(
            Participant(
                number: participants.count, client: try joined.connect(token: token), isFragile: chance(3)))
        participants.last?.client.hashMessages()
        // What comes of an earlier tick may have been delivered with it.
        remember()
        note("client \(participants.count - 1) connects as \(token)")
    }

    /// A server that begins anew, with another world.
    private func restart() throws {
        let clientsNotice = chance(2)
        note("the server begins anew\(clientsNotice ? "" : ", without a word")")
        history.rememberClasses(of: joined)
        try joined.restart(with: World(), clientsNotice: clientsNotice)
        remember()
        bounds = BoundWatch()
        alive = []
        secrets?.spawn(in: joined.world)
        for _ in 0..<5 { spawn() }
        ledger.begin(joined.world, joined.revision.epoch)
    }

    /// One tick, or several that the server's other half does not get to see one by one; then now and then some time.
    private func tick() {
        // Not before the tick: whatever a client may come to show is in the history.
        for _ in 0..<(chance(5) ? 2 : 1) { joined.runTick() }
        joined.deliver()
        remember()
        proceedWithHashes()
        guard chance(4) else { return }
        // A machine has its timer ten times a second; here it is enough that everybody can answer before the next.
        for _ in 0..<(chance(6) ? number(2...14) : 1) { pass(.milliseconds(number(1...1000))) }
    }

    private func pass(_ duration: Duration) {
        note("\(duration) pass")
        joined.passTime(duration)
        // What the server shows of itself may have come without a tick.
        history.remember(joined)
        bounds.timePassed(self)
    }

    private func proceedWithHashes() {
        for participant in participants where !participant.isClosed {
            participant.hashes.proceed(with: participant.client)
        }
    }

    private func remember() {
        history.remember(joined)
        note("tick \(joined.revision)")
    }

    /// Mends everything, and lets everyone catch up.
    /// - Returns: what is still missing after a time in which nothing may be.
    package func settle() -> [String] {
        note("everything is mended")
        for participant in participants {
            participant.client.isStalled = false
            participant.client.messagesPerDeliveryMax = nil
            participant.client.link = LinkCondition()
            participant.client.loseNoBatch()
        }
        if chance(3) {
            let missing = settleInStillWorld()
            if !missing.isEmpty { return missing.map { "in a world that stands still: \($0)" } }
        }
        var missing: [String] = []
        for _ in 0..<400 {
            joined.tick()
            remember()
            // As a machine's timer has it: budgets are renewed each time.
            for _ in 0..<18 { pass(.milliseconds(50)) }
            missing = whatIsMissing() + ledgerIsMissing()
            if missing.isEmpty { break }
        }
        return missing
    }

    /// Whoever waits is served where no tick comes, too; what only the world can decide has to wait for it.
    private func settleInStillWorld() -> [String] {
        note("the world stands still")
        joined.tick()
        remember()
        var missing: [String] = []
        for _ in 0..<2000 {
            pass(.milliseconds(50))
            missing = whatIsMissing()
            if missing.isEmpty { break }
        }
        return missing
    }

    private func ledgerIsMissing() -> [String] {
        ledger.unansweredCount > 0 ? ["\(ledger.unansweredCount) mutations without an outcome"] : []
    }

    private func whatIsMissing() -> [String] {
        var missing: [String] = []
        history.rememberClasses(of: joined)
        proceedWithHashes()
        let open = participants.filter { !$0.isClosed }
        for participant in open {
            let client = participant.client
            let (hashCount, isDamaged) = (participant.hashes.waitingCount, participant.hashes.isDamaged)
            if hashCount > 0 { missing.append("client \(participant.number) waits for \(hashCount) hashes") }
            if isDamaged { missing.append("client \(participant.number) has not healed") }
            let revision = Revision(epoch: history.life(of: client.revision.epoch), tick: client.tick)
            if revision != joined.revision {
                missing.append(
                    "client \(participant.number) is at \(client.revision), the server at \(joined.revision)"
                        + (client.end.map { "; it is over: \($0)" } ?? ""))
            }
            let waiting = client.session.withCore(\.waitingSubscriptionCount)
            if waiting > 0 { missing.append("client \(participant.number) waits for \(waiting) subscriptions") }
            let asked = client.session.withCore(\.waitingQueryCount)
            if asked > 0 { missing.append("client \(participant.number) waits for \(asked) answers") }
        }
        if joined.sessionCount != open.count {
            missing.append("\(joined.sessionCount) sessions of \(open.count) clients")
        }
        return missing
    }
}
