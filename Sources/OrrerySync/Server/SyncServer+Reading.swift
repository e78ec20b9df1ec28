import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// What this process holds for all sessions.
struct HeldTotals {
    /// Bytes in the transport.
    var byteCount = 0
    /// Answers and room for answers, as allocated.
    var answerSize = 0
    /// Answers to one-shot queries that have not left, as allocated.
    var queryAnswerSize = 0

    func hasRoomForBatches(_ configuration: SyncServerConfiguration) -> Bool {
        byteCount + queryAnswerSize < configuration.heldSizeMax
    }

    /// Answers to queries take at most half of the room, so that batches have the other half. One always fits.
    func hasRoomForQueryAnswer(_ configuration: SyncServerConfiguration) -> Bool {
        queryAnswerSize == 0
            || queryAnswerSize + configuration.queryAnswerSizeMax <= configuration.heldSizeMax / 2
                && hasRoomForBatches(configuration)
    }

    func hasRoomForAnswer(of size: Int, _ configuration: SyncServerConfiguration) -> Bool {
        answerSize + size <= configuration.answersSizeMax
    }
}

/// Decides which clients are read. A client that exceeds its rate or its turn is read later; a client that does not
/// take its answers is read once it has taken them. No connection is closed because of speed.
extension SyncServer {
    /// Reports the bytes for a session that the transport still holds, and all bytes that the session's system has
    /// taken. Call it after sending, when the transport has drained, and now and then while bytes wait.
    package mutating func transportHolds(_ byteCount: Int, taken: UInt64?, of id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        if byteCount == 0, sessions[index].holdsNothing {
            sessions[index].held.lastTakenAt = now
            return
        }
        var session = sessions[index].held
        if byteCount == 0 || taken.map({ $0 > session.takenByteCount }) ?? false || session.byteCount == 0 {
            session.lastTakenAt = now
        }
        if let taken { session.takenByteCount = max(session.takenByteCount, taken) }
        // It is unknown which of the bytes were taken: answers and batches are sent in the order in which they came.
        let answerSize =
            byteCount == 0 || session.byteCount == 0
            ? 0 : min(session.answerSize, session.answerSize * byteCount / session.byteCount)
        let isNew = session.byteCount == 0 && byteCount > 0
        held.byteCount += byteCount - session.byteCount
        if !isNew {
            held.answerSize += answerSize - session.answerSize
            session.answerSize = answerSize
        }
        session.byteCount = byteCount
        sessions[index].held = session
        settleReading(index, now: now)
        if byteCount == 0 {
            serveOnce(index, now: now)
            answerQueries(index, now: now)
        }
    }

    /// The sessions with bytes in the transport.
    package var sessionsThatHold: [SessionID] { sessions.filter { $0.held.byteCount > 0 }.map(\.id) }

    /// The room reserved for the answer to a mutation: a reason, and the value of a component of fixed size. If there
    /// is no more room when the answer is made, a longer answer is sent without the value.
    func reservedSize(for operation: Mutation.Operation) -> Int {
        let size =
            switch operation {
            case .set(_, let value, _): store.table[value.column]?.valueSize ?? 0
            case .insert(_, let component): store.table[component.column]?.valueSize ?? 0
            case .patch(_, let column, _), .remove(_, let column): store.table[column]?.valueSize ?? 0
            case .spawn, .despawn: 0
            }
        return configuration.limits.reasonSizeMax + size + HeldBytes.messageOverhead
    }

    /// Bytes of a message that count as one unit of work to read: as many of its smallest parts as take about that
    /// time. Frames that are not messages are smaller still.
    private static let (bytesPerUnit, otherBytesPerUnit) = (64, 32)

    /// Charges work that a client has caused.
    mutating func charge(_ index: Int, _ units: Int) {
        guard sessions[index].phase == .ready else { return newcomerWork.charge(units) }
        requestWork.charge(units)
        sessions[index].reading.charge(units)
    }

    /// The work of a client's message, besides the request in it.
    static func work(messageSize: Int) -> Int { 1 + messageSize / bytesPerUnit }

    /// A client has sent this many bytes outside messages, pings for example. Reading them is work too.
    package mutating func receivedBesideMessages(_ byteCount: Int, from id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        charge(index, 1 + byteCount / Self.otherBytesPerUnit)
        settleReading(index, now: now)
    }

    /// Whether there is time for what a client causes: for all, or at least for its share.
    func hasTurn(_ index: Int) -> Bool {
        sessions[index].phase == .ready
            ? !requestWork.isUsedUp || sessions[index].reading.used < grantedTurn : !newcomerWork.isUsedUp
    }

    /// Stops or resumes reading from a session, by the work it has used up and the answers that wait for it.
    mutating func settleReading(_ index: Int, now: Duration) {
        var reading = sessions[index].reading
        let wasOn = reading.isOn
        if !reading.waitsForTurn {
            reading.waitsForTurn =
                !hasTurn(index) || reading.turn <= 0 || !reading.mutations.hasOne(now: now)
                || !reading.requests.hasOne(now: now)
        }
        let answers = sessions[index].held
        if reading.waitsForAnswers {
            let isShort = held.answerSize > configuration.answersSizeMax
            reading.waitsForAnswers =
                answers.answerSize > configuration.answerSizeMax / 2 || isShort && answers.answerSize > 0
        } else {
            reading.waitsForAnswers =
                answers.answerSize >= configuration.answerSizeMax
                || held.answerSize >= configuration.answersSizeMax && answers.answerSize > 0
        }
        sessions[index].reading = reading
        guard wasOn != reading.isOn else { return }
        if reading.isOn {
            goOn(index, now: now)
        } else {
            sessions[index].reading.stoppedAt = now
            actions.append(.setReading(false, of: sessions[index].id))
        }
    }

    private mutating func goOn(_ index: Int, now: Duration) {
        // Unread data counts as heard.
        if let since = sessions[index].reading.stoppedAt { sessions[index].delivery.lastHeardAt += now - since }
        sessions[index].reading.stoppedAt = nil
        actions.append(.setReading(true, of: sessions[index].id))
    }

    /// Units of work for a Hello, besides what it resumes.
    static let helloWork = 4
    /// Units of work per turn that every client gets: the work to acknowledge each tick, and as much again.
    static let grantedTurnMin = 2

    /// In a new period, resumes reading from clients whose turn or rate was used up, each for its share of the work;
    /// and from as many newcomers as there is time for, in turn.
    mutating func readOn(now: Duration) {
        guard readPeriod != period, !sessions.isEmpty else { return }
        readPeriod = period
        grantedTurn = max(Self.grantedTurnMin, requestWork.perPeriod / sessions.count)
        let waitingCount = sessions.count { $0.reading.waitsForTurn }
        let share = max(grantedTurn, requestWork.left / max(1, waitingCount))
        var left = newcomerWork.left
        var firstLeftOut: Int?
        for step in 0..<sessions.count {
            let index = (nextRead + step) % sessions.count
            sessions[index].reading.renew(share, turnMax: configuration.turnWorkMax)
            guard sessions[index].reading.waitsForTurn, sessions[index].reading.turn > 0,
                sessions[index].reading.mutations.hasOne(now: now),
                sessions[index].reading.requests.hasOne(now: now)
            else { continue }
            if sessions[index].phase == .awaitingHello {
                guard left > 0 else {
                    firstLeftOut = firstLeftOut ?? index
                    continue
                }
                left -= expectedHelloWork
            }
            sessions[index].reading.waitsForTurn = false
            if sessions[index].reading.isOn { goOn(index, now: now) }
        }
        nextRead = firstLeftOut ?? 0
    }

    /// If there is too little room for others, closes sessions that have taken nothing for a while, the one that holds
    /// most first.
    mutating func endStalledSessions(now: Duration) {
        while !held.hasRoomForBatches(configuration) || !held.hasRoomForQueryAnswer(configuration)
            || held.answerSize >= configuration.answersSizeMax
        {
            let stalled = sessions.filter { $0.isStalled(since: now - configuration.stallTimeout) }
            guard let worst = stalled.max(by: { ($0.heldSize, $1.id) < ($1.heldSize, $0.id) }) else { return }
            fail(
                worst.id,
                WireError(
                    .silence,
                    "nothing was taken for \(configuration.stallTimeout), and others need the room of its "
                        + "\(worst.heldSize) bytes"), now: now)
        }
    }
}

extension Session {
    /// Bytes that this process holds for it.
    fileprivate var heldSize: Int { held.byteCount + held.answerTotal + (answer?.heldSize ?? 0) }

    /// Whether something has waited since then for the client to take more.
    fileprivate func isStalled(since then: Duration) -> Bool {
        held.byteCount > 0 && held.lastTakenAt <= then
            || answer != nil && delivery.owesAcknowledgement && delivery.lastAcknowledgedAt <= then
    }
}
