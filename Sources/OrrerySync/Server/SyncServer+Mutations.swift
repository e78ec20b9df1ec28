import OrrerySchema
public import OrreryStore
public import OrreryWire

/// What clients may write at all. Rules of the world may say no to more.
public struct MutationPermissions: Hashable, Sendable {
    public var columns: Set<ColumnID> = []
    public var maySpawn = false
    public var mayDespawn = false

    public init() {}
}

/// A mutation that the world has to decide upon: well-formed, of a component that clients may write, not seen before.
public struct MutationRequest: Hashable, Sendable {
    public var client: ClientID
    /// As the client introduced itself.
    public var clientName: String
    public var sequence: MutationSequence
    public var operation: Mutation.Operation
}

extension SyncServer {
    mutating func mutate(_ index: Int, _ mutation: Mutation, now: Duration) {
        let session = sessions[index]
        guard let standing = clients[session.client]?.standing(of: mutation.sequence) else { return }
        switch standing {
        case .underWay: sessions[index].awaited.insert(mutation.sequence)
        case .answered(let outcome): answer(index, mutation.sequence, outcome, now: now)
        case .forgotten:
            refuse(index, mutation.sequence, Self.forgotten, now: now)
        case .new:
            guard mutation.epoch == epoch else {
                refuse(index, mutation.sequence, Self.otherEpoch, now: now)
                return
            }
            guard clients[session.client]?.hasRoom(for: mutation.sequence) ?? false,
                session.answers.count < configuration.pendingMutationMax
            else {
                let refusal = MutationRefusal(
                    .limitReached, "\(configuration.pendingMutationMax) mutations are under way; send it again later")
                refuse(index, mutation.sequence, refusal, now: now)
                return
            }
            // Not remembered: it had no effect, and may be sent again under its number.
            guard sessions[index].mutationAllowance.take(now: now) else {
                let refusal = MutationRefusal(
                    .limitReached, "more than \(configuration.mutationRateMax) mutations a second; send it again later")
                refuse(index, mutation.sequence, refusal, now: now)
                return
            }
            do throws(MutationRefusal) {
                try check(mutation.operation)
                clients[session.client]?.remember(mutation.sequence, nil)
                sessions[index].awaited.insert(mutation.sequence)
                actions.append(
                    .mutate(
                        MutationRequest(
                            client: session.client, clientName: session.clientName, sequence: mutation.sequence,
                            operation: mutation.operation)))
            } catch {
                clients[session.client]?.remember(mutation.sequence, .refused(error))
                refuse(index, mutation.sequence, error, now: now)
            }
        }
    }

    private static let forgotten = MutationRefusal(
        .outcomeUnknown, "sent so long ago that nobody knows what became of it; look at the state and decide anew")
    private static let otherEpoch = MutationRefusal(
        .outcomeUnknown, "first sent to an earlier life of this world; look at the state and decide anew")

    /// The world has decided. The answer leaves once the client was sent the tick of the effect.
    public mutating func mutationFinished(_ request: MutationRequest, _ outcome: MutationOutcome, now: Duration) {
        if case .refused(let refusal) = outcome, refusal.code == .limitReached {
            mutationDeferred(request, refusal.reason, now: now)
            return
        }
        clients[request.client]?.remember(request.sequence, outcome)
        if let index = takeAwaiting(request) { answer(index, request.sequence, outcome, now: now) }
    }

    /// The session that waits for the answer to a mutation. One that has not asked on the client's new connection will: answered
    /// before, it would be answered twice.
    private mutating func takeAwaiting(_ request: MutationRequest) -> Int? {
        guard let session = clients[request.client]?.session, let index = position(of: session),
            sessions[index].awaited.remove(request.sequence) != nil
        else { return nil }
        return index
    }

    /// The world could not take it for now: it had no effect, and may be sent again under its number.
    public mutating func mutationDeferred(_ request: MutationRequest, _ reason: String, now: Duration) {
        clients[request.client]?.outcomes[request.sequence.rawValue] = nil
        guard let index = takeAwaiting(request) else { return }
        answer(index, request.sequence, .refused(MutationRefusal(.limitReached, reason)), now: now)
    }

    /// Refuses what never reached the world.
    private mutating func refuse(_ index: Int, _ sequence: MutationSequence, _ refusal: MutationRefusal, now: Duration)
    {
        refusedMutations.add(refusal.code)
        answer(index, sequence, .refused(refusal), now: now)
    }

    private mutating func answer(
        _ index: Int, _ sequence: MutationSequence, _ outcome: MutationOutcome, now: Duration
    ) {
        if case .applied(let tick, _) = outcome, !sessions[index].hasReached(tick, storeTick: store.tick) {
            // Asked for again, it waits already.
            guard !sessions[index].answers.contains(where: { $0.sequence == sequence }) else { return }
            sessions[index].answers.append((tick, sequence, outcome))
            return
        }
        answer(index, .mutationResponse(sequence, outcome), now: now)
    }

    /// Sends the answers whose ticks a session has reached.
    mutating func sendAnswers(_ index: Int, now: Duration) {
        guard !sessions[index].answers.isEmpty else { return }
        let storeTick = store.tick
        let session = sessions[index]
        for (tick, sequence, outcome) in session.answers where session.hasReached(tick, storeTick: storeTick) {
            answer(index, .mutationResponse(sequence, outcome), now: now)
        }
        sessions[index].answers.removeAll { session.hasReached($0.tick, storeTick: storeTick) }
    }

    /// What can be said of a mutation without the world.
    private func check(_ operation: Mutation.Operation) throws(MutationRefusal) {
        switch operation {
        case .set(_, let value, _), .insert(_, let value): try check(value)
        case .patch(_, let column, let patches):
            try checkWritable(column)
            guard !patches.isEmpty else { throw MutationRefusal(.undecodable, "a patch of no fields") }
            for patch in patches {
                guard let type = store.schemas[column.rawValue].type.field(at: patch.path) else {
                    throw MutationRefusal(
                        .undecodable, "\(store.schemas[column.rawValue].name) has no field at \(patch.path)")
                }
                try Self.check(patch.bytes, as: type)
            }
        case .remove(_, let column): try checkWritable(column)
        case .spawn(let values):
            guard permissions.maySpawn else { throw MutationRefusal(.notWritable, "clients may not spawn here") }
            for value in values { try check(value) }
            guard Set(values.map(\.column)).count == values.count else {
                throw MutationRefusal(.undecodable, "a component is given twice")
            }
        case .despawn:
            guard permissions.mayDespawn else { throw MutationRefusal(.notWritable, "clients may not despawn here") }
        }
    }

    private func check(_ value: Mutation.ComponentValue) throws(MutationRefusal) {
        try checkWritable(value.column)
        try Self.check(value.bytes, as: store.schemas[value.column.rawValue].type)
    }

    private func checkWritable(_ column: ColumnID) throws(MutationRefusal) {
        guard column.rawValue < store.schemas.count else {
            throw MutationRefusal(.unknownComponent, "there is no component \(column), only \(store.schemas.count)")
        }
        guard permissions.columns.contains(column) else {
            throw MutationRefusal(.notWritable, "\(store.schemas[column.rawValue].name) is read-only for clients")
        }
    }

    private static func check(_ bytes: [UInt8], as type: FieldType) throws(MutationRefusal) {
        do throws(CodecError) {
            _ = try DynamicValue(decoding: bytes, as: type)
        } catch {
            throw MutationRefusal(error.code == .outOfDomain ? .outOfDomain : .undecodable, error.description)
        }
    }
}
