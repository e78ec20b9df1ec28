import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// What lies in this process for all sessions.
struct HeldTotals {
    /// Bytes in the transport.
    var byteCount = 0
    /// Answers and room for answers, as allocated.
    var answerSize = 0

    func hasRoomForBatches(_ configuration: SyncServerConfiguration) -> Bool {
        byteCount < configuration.heldSizeMax
    }

    func hasRoomForAnswer(of size: Int, _ configuration: SyncServerConfiguration) -> Bool {
        answerSize + size <= configuration.answersSizeMax
    }
}

/// Who is read from. A client that says more than its rate or its turn allows is read later; one that does not take its
/// answers is read when it has taken them. Nobody is closed for speed.
extension SyncServer {
    /// What the transport still holds of what was sent to a session, and what the session's system has taken in all. To
    /// be told after sending, when it has drained, and now and then while something waits.
    package mutating func transportHolds(_ byteCount: Int, taken: UInt64?, of id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        var session = sessions[index].held
        if byteCount == 0 || taken.map({ $0 > session.takenByteCount }) ?? false || session.byteCount == 0 {
            session.lastTakenAt = now
        }
        if let taken { session.takenByteCount = max(session.takenByteCount, taken) }
        // Which of the bytes were taken is not known: answers and batches go in the order in which they came.
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
        if byteCount == 0 { serveOnce(index, now: now) }
    }

    /// Those of whom something lies in the transport.
    package var sessionsThatHold: [SessionID] { sessions.filter { $0.held.byteCount > 0 }.map(\.id) }

    /// Room that is kept for the answer to a mutation: a reason, and the value of a component of fixed size. Where
    /// there is no more when it is answered, a longer answer leaves without the value.
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

    /// Bytes of a message that are a unit of work to read: as many of its smallest parts as take about that time.
    /// Frames that are no messages are smaller still.
    private static let (bytesPerUnit, otherBytesPerUnit) = (64, 32)

    /// Charges what a client has caused.
    mutating func charge(_ index: Int, _ units: Int) {
        guard sessions[index].phase == .ready else { return newcomerWork.charge(units) }
        requestWork.charge(units)
        sessions[index].reading.charge(units)
    }

    /// What a message of a client costs, besides what it asks for.
    static func work(messageSize: Int) -> Int { 1 + messageSize / bytesPerUnit }

    /// A client has said so many bytes that are no messages, pings for example. To read them is work too.
    package mutating func receivedBesideMessages(_ byteCount: Int, from id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        charge(index, 1 + byteCount / Self.otherBytesPerUnit)
        settleReading(index, now: now)
    }

    /// Stops reading from a session, or goes on with it, by what it has used up and what waits for it.
    mutating func settleReading(_ index: Int, now: Duration) {
        var reading = sessions[index].reading
        let wasOn = reading.isOn
        if !reading.waitsForTurn {
            let hasRoom =
                sessions[index].phase == .ready
                ? !requestWork.isUsedUp || reading.used < grantedTurn : !newcomerWork.isUsedUp
            reading.waitsForTurn =
                !hasRoom || reading.turn <= 0 || !reading.mutations.hasOne(now: now)
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
        // What lay unread counts as heard.
        if let since = sessions[index].reading.stoppedAt { sessions[index].lastHeardAt += now - since }
        sessions[index].reading.stoppedAt = nil
        actions.append(.setReading(true, of: sessions[index].id))
    }

    /// Units of work that a Hello takes besides what it resumes.
    static let helloWork = 4
    /// Units of work of a turn that nobody can take away: what acknowledging each tick takes, and as much again.
    static let grantedTurnMin = 2

    /// In a new period those are read on whose turn or rate was used up, each for its share of what may be done; of
    /// newcomers as many as there is time for, in turn.
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

    /// Where there is too little room for others, whoever has taken nothing for a while goes, the one that holds most
    /// first.
    mutating func endStalledSessions(now: Duration) {
        while held.byteCount >= configuration.heldSizeMax || held.answerSize >= configuration.answersSizeMax {
            let stalled = sessions.filter {
                $0.held.byteCount > 0 && now - $0.held.lastTakenAt >= configuration.stallTimeout
            }
            guard
                let worst = stalled.max(by: {
                    ($0.held.byteCount + $0.held.answerTotal, $1.id) < ($1.held.byteCount + $1.held.answerTotal, $0.id)
                })
            else { return }
            fail(
                worst.id,
                WireError(
                    .silence,
                    "nothing was taken for \(configuration.stallTimeout), and others need the room of its "
                        + "\(worst.held.byteCount) bytes"), now: now)
        }
    }
}
