import OrrerySchema
import OrreryStore
package import OrreryWire

/// What clients may do at all besides writing components (``ComponentTable/Entry/isWritable``). Rules of the world may
/// forbid more.
package struct MutationPermissions: Hashable, Sendable {
    package var maySpawn = false
    package var mayDespawn = false

    package init() {}
}

/// A mutation that the world must decide: well-formed, of a component that clients may write, not seen before.
package struct MutationRequest: Hashable, Sendable {
    package var client: ClientID
    /// The name by which the client introduced itself.
    package var clientName: String
    /// Whom the client belongs to.
    package var subject: String
    /// What the client sees: what is hidden from it is not there for its mutation.
    package var visibility: Visibility
    package var sequence: MutationSequence
    package var operation: Mutation.Operation

    package init(
        client: ClientID, clientName: String, subject: String = "", visibility: Visibility = .everything,
        sequence: MutationSequence, operation: Mutation.Operation
    ) {
        self.client = client
        self.clientName = clientName
        self.subject = subject
        self.visibility = visibility
        self.sequence = sequence
        self.operation = operation
    }
}

/// The world's decision about a mutation.
package struct MutationResult: Hashable, Sendable {
    package var client: ClientID
    package var answer: MutationAnswer

    package init(_ request: MutationRequest, _ outcome: MutationOutcome) {
        client = request.client
        answer = MutationAnswer(sequence: request.sequence, outcome: outcome)
    }
}

extension SyncServer {
    /// - Parameter operation: The operation, or why it cannot be understood.
    mutating func mutate(
        _ index: Int, _ sequence: MutationSequence, _ epoch: Epoch, _ operation: Result<Mutation.Operation, Refusal>,
        now: Duration
    ) {
        sessions[index].reading.mutations.charge(now: now)
        let client = sessions[index].client
        guard let state = clients.withEntry(client, { $0.outcomes.state(of: sequence) }) else { return }
        switch state {
        case .underWay(let awaited):
            if awaited == 0 { begin(index, sequence, awaited: HeldBytes.messageOverhead) }
        case .answered(let outcome):
            repeatAnswer(index, MutationAnswer(sequence: sequence, outcome: outcome))
        case .forgotten: refuse(index, sequence, Self.forgotten)
        case .new where !views.contains(where: { $0.epoch == epoch }): refuse(index, sequence, Self.otherEpoch)
        case .new: begin(index, sequence, operation)
        }
    }

    /// Hands a new mutation to the world, if there is room for it and its answer.
    private mutating func begin(
        _ index: Int, _ sequence: MutationSequence, _ operation: Result<Mutation.Operation, Refusal>
    ) {
        let client = sessions[index].client
        guard clients.withEntry(client, { $0.outcomes.hasRoom(for: sequence) }) ?? false,
            sessions[index].answers.count < configuration.pendingMutationMax
        else {
            // Not remembered: the mutation had no effect, and may be sent again under its number.
            refuse(
                index, sequence,
                Refusal(
                    .limitReached, "\(configuration.pendingMutationMax) mutations are under way; send it again later"))
            return
        }
        do throws(Refusal) {
            guard sessions[index].admission.rights.contains(.control) else {
                throw Refusal(.forbidden, "this client may not control: the server did not give it that right")
            }
            let operation = try operation.get()
            try check(operation, by: index)
            let size = reservedSize(for: operation)
            guard held.hasRoomForAnswer(of: size, configuration) || sessions[index].held.answerTotal == 0 else {
                refuse(
                    index, sequence,
                    Refusal(.limitReached, "there is no room for the answers of so many clients; send it again later"))
                return
            }
            begin(index, sequence, awaited: size)
            requests.append(
                MutationRequest(
                    client: client, clientName: sessions[index].clientName,
                    subject: sessions[index].admission.subject,
                    visibility: views[sessions[index].view].visibility ?? .everything, sequence: sequence,
                    operation: operation))
        } catch {
            clients.withEntry(client) { $0.outcomes.finish(sequence, .refused(error)) }
            refuse(index, sequence, error)
        }
    }

    /// The session waits for the answer to a mutation that the world has; `size` bytes are reserved for the answer.
    private mutating func begin(_ index: Int, _ sequence: MutationSequence, awaited size: Int) {
        clients.withEntry(sessions[index].client) { $0.outcomes.begin(sequence, awaited: size) }
        sessions[index].held.reservedSize += size
        held.answerSize += size
    }

    /// The most outcomes in one message. Each may hold a value.
    private static let answersPerMessageMax = 64
    private static let forgotten = Refusal(
        .outcomeUnknown, "sent so long ago that nobody knows what became of it; look at the state and decide anew")
    private static let noRoomToWait = Refusal(
        .outcomeUnknown, "there is no room for the answers of so many clients; look at the state and decide anew")
    private static let otherEpoch = Refusal(
        .outcomeUnknown, "first sent to an earlier life of this world; look at the state and decide anew")

    /// Takes the world's decisions. An answer is sent once its client was sent the tick of the effect; the answers of a
    /// session are sent together.
    package mutating func mutationsFinished(_ results: [MutationResult]) {
        for result in results {
            guard let (index, size) = finish(result) else { continue }
            if !sessions[index].isAnswered {
                sessions[index].isAnswered = true
                answeredSessions.append(sessions[index].id)
            }
            append(shortened(result.answer, kept: size), to: index)
        }
        for session in answeredSessions {
            guard let index = position(of: session) else { continue }
            sessions[index].isAnswered = false
            sendAnswers(index)
        }
        answeredSessions.removeAll(keepingCapacity: true)
    }

    /// Remembers the outcome of a mutation.
    /// - Returns: The position of the session that waits for the answer, and the room reserved for it. `nil` if none
    ///   waits: a client that has not asked again on its new connection will do so, and would be answered twice.
    private mutating func finish(_ result: MutationResult) -> (index: Int, size: Int)? {
        let answer = result.answer
        // A mutation without effect may be sent again under its number.
        let isKept = if case .refused(let refusal) = answer.outcome { refusal.code != .limitReached } else { true }
        let waiting = clients.withEntry(result.client) { entry in
            (entry.session, size: entry.outcomes.finish(answer.sequence, isKept ? answer.outcome : nil))
        }
        guard case (let session?, let size)? = waiting, size > 0, let index = position(of: session) else { return nil }
        sessions[index].held.reservedSize -= size
        held.answerSize -= size
        return (index, size)
    }

    /// Refuses a mutation that never reached the world.
    private mutating func refuse(_ index: Int, _ sequence: MutationSequence, _ refusal: Refusal) {
        refusedMutations.add(refusal.code)
        answer(index, .mutationResponse(sequence, .refused(refusal)))
    }

    /// Sends an answer again that was given before, on this connection or an earlier one.
    private mutating func repeatAnswer(_ index: Int, _ answer: MutationAnswer) {
        // The client has asked again, and the answer waits already.
        guard !sessions[index].answers.contains(where: { $0.sequence == answer.sequence }) else { return }
        // No room was reserved for it.
        guard
            held.hasRoomForAnswer(of: HeldBytes.messageOverhead, configuration)
                || sessions[index].held.answerTotal == 0
        else { return refuse(index, answer.sequence, Self.noRoomToWait) }
        append(answer, to: index)
        sendAnswers(index)
    }

    private mutating func append(_ answer: MutationAnswer, to index: Int) {
        sessions[index].answers.append(answer)
        sessions[index].held.waitingAnswerSize += HeldBytes.messageOverhead
        held.answerSize += HeldBytes.messageOverhead
    }

    /// The answer, without its value if that exceeds the reserved room and there is no more.
    private func shortened(_ answer: MutationAnswer, kept size: Int) -> MutationAnswer {
        guard case .refused(var refusal) = answer.outcome, let current = refusal.current else { return answer }
        let needed = configuration.limits.reasonSizeMax + current.count + HeldBytes.messageOverhead
        guard needed > size else { return answer }
        if current.count <= configuration.limits.schema.fixedSizeMax, held.hasRoomForAnswer(of: needed, configuration) {
            return answer
        }
        refusal.current = nil
        return MutationAnswer(sequence: answer.sequence, outcome: .refused(refusal))
    }

    /// Sends the answers that need no tick, or whose tick the session has reached.
    mutating func sendAnswers(_ index: Int) {
        let count = sessions[index].answers.count
        guard count > 0 else { return }
        let reached = sessions[index].reachedTick(storeTick: store.tick)
        for answer in sessions[index].answers where answer.isReady(at: reached) {
            readyAnswers.append(answer)
            if readyAnswers.count == Self.answersPerMessageMax { sendReadyAnswers(index) }
        }
        if !readyAnswers.isEmpty { sendReadyAnswers(index) }
        sessions[index].answers.removeAll { $0.isReady(at: reached) }
        let size = (count - sessions[index].answers.count) * HeldBytes.messageOverhead
        sessions[index].held.waitingAnswerSize -= size
        held.answerSize -= size
    }

    private mutating func sendReadyAnswers(_ index: Int) {
        answer(index, .mutationResponse(readyAnswers))
        readyAnswers.removeAll(keepingCapacity: true)
    }

    /// Checks everything about a mutation that can be checked without the world.
    private func check(_ operation: Mutation.Operation, by index: Int) throws(Refusal) {
        let table = table(of: index)
        switch operation {
        case .set(let entity, let value, _):
            try Self.check(value.bytes, of: try table.writable(value.column, of: entity))
        case .insert(let entity, let component): try Self.check(component, of: entity, in: table)
        case .patch(let entity, let column, let patches):
            let schema = try table.writable(column, of: entity)
            guard !patches.isEmpty else { throw Refusal(.undecodable, "a patch of no fields") }
            for patch in patches { try Self.check(patch.field, of: schema) }
        case .remove(let entity, let column): _ = try table.writable(column, of: entity)
        case .spawn(let components):
            guard permissions.maySpawn else { throw Refusal(.notWritable, "clients may not spawn here") }
            for component in components { try Self.check(component, of: nil, in: table) }
            guard Set(components.map(\.column)).count == components.count else {
                throw Refusal(.undecodable, "a component is given twice")
            }
        case .despawn:
            guard permissions.mayDespawn else { throw Refusal(.notWritable, "clients may not despawn here") }
        }
    }

    /// - Parameter entity: `nil` for one that is about to be spawned.
    private static func check(
        _ component: Mutation.NewComponent, of entity: Entity?, in table: ComponentTable
    ) throws(Refusal) {
        let schema = try table.writable(component.column, of: entity)
        switch component.content {
        case .whole(let bytes): try check(bytes, of: schema)
        case .fields(let fields): for field in fields { try check(field, of: schema) }
        }
    }

    private static func check(_ field: Mutation.FieldValue, of schema: ComponentSchema) throws(Refusal) {
        guard let type = schema.type.field(at: field.path) else {
            throw Refusal(.undecodable, "\(schema.name) has no field at \(field.path)")
        }
        try refusing { () throws(CodecError) in _ = try DynamicValue(decoding: field.bytes, as: type) }
    }

    private static func check(_ bytes: [UInt8], of schema: ComponentSchema) throws(Refusal) {
        try refusing { () throws(CodecError) in try schema.check(bytes) }
    }

    private static func refusing(_ body: () throws(CodecError) -> Void) throws(Refusal) {
        do throws(CodecError) {
            try body()
        } catch {
            throw Refusal(error.code == .outOfDomain ? .outOfDomain : .undecodable, error.description)
        }
    }
}

extension ComponentTable {
    /// The schema of a component that clients may write. The world decides whether the entity is alive.
    fileprivate func writable(_ column: ColumnID, of entity: Entity?) throws(Refusal) -> ComponentSchema {
        guard let entry = self[column], let schema = entry.schema else {
            throw Refusal(.unknownComponent, "there is no component \(column)")
        }
        guard !entry.isResource || entity == Entity.none else {
            throw Refusal(.unknownComponent, "\(entry.name) is a resource, which no entity has")
        }
        guard entry.isWritable else { throw Refusal(.notWritable, "\(entry.name) is read-only for clients") }
        return schema
    }
}

extension MutationAnswer {
    /// Whether the answer may be sent to a client that was sent everything up to this tick.
    fileprivate func isReady(at reached: Tick) -> Bool {
        if case .applied(let tick, _) = outcome { tick <= reached } else { true }
    }
}
