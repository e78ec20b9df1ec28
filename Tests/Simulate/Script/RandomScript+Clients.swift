import OrreryClient
import OrrerySchema
import OrreryECS
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire

/// What clients do, and what happens to them.
extension RandomScript {
    func changeParticipants() throws {
        ledger.makeTarget()
        let open = participants.filter { !$0.isClosed }
        if open.count < 4, chance(10) { try join() }
        for participant in open {
            changeReader(participant)
            changeLink(participant)
            if chance(3) { mutate(participant) }
            changeSubscriptions(participant)
            if chance(60) { changeClass(participant) }
            if secrets != nil, chance(2) { pry(participant) }
            if chance(3) { askOnce(participant) }
            if chance(4) { verify(participant) }
            if participant.isFragile, chance(5) { damage(participant) }
            if chance(200) {
                note("client \(participant.number) leaves for good")
                participant.client.close()
                participant.isClosed = true
            }
        }
    }

    private func changeClass(_ participant: Participant) {
        guard let client = participant.client.connection.clientID, var clients = joined.world.resource(Clients.self)
        else { return }
        let position = randomClass()
        clients.setVisibility(Self.classes[position], of: client)
        joined.world.insertResource(clients)
        note("client \(participant.number) is of class \(position) from now on")
    }

    private func changeReader(_ participant: Participant) {
        let client = participant.client
        if chance(client.isStalled ? 6 : faultRarity) {
            client.isStalled.toggle()
            note("client \(participant.number) \(client.isStalled ? "stalls" : "goes on")")
        }
        if chance(faultRarity) {
            client.messagesPerDeliveryMax = chance(2) ? nil : number(1...3)
            note(
                "client \(participant.number) reads \(client.messagesPerDeliveryMax.map(String.init) ?? "all") "
                    + "at a time"
            )
        }
    }

    private func changeLink(_ participant: Participant) {
        let client = participant.client
        if chance(client.link == LinkCondition() ? faultRarity : 8) {
            client.link = chance(2) ? LinkCondition() : LinkCondition(toServer: direction(), toClient: direction())
            note("client \(participant.number)'s link: \(client.link)")
        }
        if chance(faultRarity) {
            note("client \(participant.number) loses a batch")
            client.loseBatch()
            participant.watch.mayMissBatches = true
        }
        // Who was never let in is told that it could not connect, and has to try again by itself.
        guard client.isWelcomed || client.tick > .zero else { return }
        if chance(faultRarity) {
            let serverNotices = chance(2)
            note("client \(participant.number) is cut\(serverNotices ? "" : " at its side")")
            client.cut(serverNotices: serverNotices)
        } else if chance(faultRarity) {
            let (delay, lateness) = (number(0...200), number(0...3000))
            note("client \(participant.number) connects anew; the rest of the old arrives after \(lateness) ms")
            client.connectAnew(
                over: LinkCondition(toServer: .init(delay: .milliseconds(delay))),
                oldArrivesAfter: .milliseconds(lateness))
        }
    }

    private func direction() -> LinkCondition.Direction {
        switch number(0...3) {
        case 0: LinkCondition.Direction()
        case 1: LinkCondition.Direction(isHanging: true)
        default: LinkCondition.Direction(delay: .milliseconds(number(1...800)))
        }
    }

    private func mutate(_ participant: Participant) {
        let wish =
            chance(6)
            ? ledger.mutateResource(participant.client, kind: number(0...3))
            : chance(8)
                ? ledger.mutateInOrder(participant.client, count: number(2...6))
                : ledger.mutate(participant.client, kind: number(0...MutationLedger.kindCount - 1))
        if let wish { note("client \(participant.number) wants \(wish)") }
    }

    /// Mutations of what is secret, of what names it, and questions about it.
    func pry(_ participant: Participant) {
        let client = participant.client
        guard let column = client.session.withCore({ $0.table["Target"]?.column }) else { return }
        let suspect = Entity(index: UInt32(number(0...Secrets.count - 1)), generation: UInt32(number(1...3)))
        let known = alive.randomElement(using: &generator) ?? suspect
        func bytes(_ entity: Entity) -> [UInt8] { (try? DynamicValue.entity(entity).encoded(as: .entity)) ?? [] }
        let operation: Mutation.Operation =
            switch number(0...5) {
            case 0: .despawn(suspect)
            case 1: .set(suspect, .init(column, bytes(known)), expected: nil)
            case 2: .set(known, .init(column, bytes(.none)), expected: bytes(.none))
            case 3: .set(known, .init(column, bytes(known)), expected: bytes(suspect))
            case 4: .patch(known, column, [.init(path: [0], bytes: bytes(.none), expected: bytes(.none))])
            default: .patch(known, column, [.init(path: [0], bytes: bytes(suspect), expected: bytes(known))])
            }
        client.mutate(operation) { _ in }
        let texts = ["\(suspect)", "* where refers to \(suspect)", "Target where Target.entity = \(suspect)"]
        if participant.subscriptions.count < 5, let text = texts.randomElement(using: &generator),
            let id = client.query(text)
        {
            participant.subscriptions.append(id)
        }
    }

    /// More at once than a client may ask for, as one with a fault would: nobody is closed for it, and all is answered
    /// in the end.
    private func burst(_ participant: Participant) {
        note("client \(participant.number) asks for very much")
        let count = number(20...60)
        if chance(2) {
            // Ways to spawn, of which there is no end.
            for _ in 0..<count { _ = ledger.mutate(participant.client, kind: number(0...2)) }
            return
        }
        for _ in 0..<count {
            guard let id = participant.client.subscribe(chance(2) ? nil : ["Position"], of: alive.first) else { return }
            participant.client.unsubscribe(id)
        }
    }

    private func askOnce(_ participant: Participant) {
        let request = randomQuery()
        let tick = chance(2) ? .zero : joined.serverTick.advanced(by: UInt64(number(0...5)))
        guard let id = participant.answers.ask(request, atLeast: tick, of: participant.client) else { return }
        note(
            "client \(participant.number) asks '\(request.text)' of \(request.entities ?? []) from \(tick) on as \(id)")
        if chance(6) { participant.client.session.cancelQuery(id) }
    }

    private func changeSubscriptions(_ participant: Participant) {
        if chance(60) { burst(participant) }
        if chance(12), let old = participant.subscriptions.randomElement(using: &generator),
            !participant.replacements.contains(where: { $0.old == old || $0.new == old })
        {
            let request = randomQuery()
            guard let new = participant.client.query(request.text, of: request.entities, replacing: old)
            else { return }
            participant.replacements.append((old, new))
            note("client \(participant.number) replaces \(old) by '\(request.text)' as \(new)")
            // One that is not wanted any more leaves the old one.
            if chance(10) { participant.client.unsubscribe(new) }
        } else if participant.subscriptions.count < 5, chance(4) {
            let request = chance(2) ? randomQuery() : components()
            guard let request, let id = participant.client.query(request.text, of: request.entities) else { return }
            note("client \(participant.number) subscribes to '\(request.text)' of \(request.entities ?? []) as \(id)")
            // One that nobody waits for any more ends before it has begun.
            if chance(10) { return participant.client.unsubscribe(id) }
            participant.subscriptions.append(id)
            if chance(2) { participant.watch.follow(id, of: participant.client) }
        } else if chance(12), let id = participant.subscriptions.popLast() {
            participant.watch.endFollowing(id)
            participant.client.unsubscribe(id)
            note("client \(participant.number) unsubscribes \(id)")
        }
    }

    /// Whoever reads a query that was replaced goes on with the new one.
    func followReplacements(_ participant: Participant) {
        let (started, isSubscribed) = participant.client.session.withCore { core in
            (Set(core.startedSubscriptions), participant.replacements.map { core.isSubscribed($0.new) })
        }
        for (old, new) in participant.replacements where started.contains(new) {
            participant.watch.follow(new, insteadOf: old)
            participant.subscriptions = participant.subscriptions.map { $0 == old ? new : $0 }
            note("client \(participant.number) goes on with \(new) instead of \(old)")
        }
        participant.replacements = zip(participant.replacements, isSubscribed).compactMap { replacement, isSubscribed in
            isSubscribed && !started.contains(replacement.new) ? replacement : nil
        }
    }
}
