import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// How clients come in: who they are, what they see, and where those go on that come back.
extension SyncServer {
    mutating func welcome(_ id: SessionID, _ hello: Hello, now: Duration) throws(WireError) {
        guard hello.versions.contains(WireProtocol.version) else {
            throw WireError(
                .unsupportedVersion,
                "this server speaks version \(WireProtocol.version), the client \(hello.versions.lowerBound) to "
                    + "\(hello.versions.upperBound)")
        }
        guard let admission = position(of: id).map({ sessions[$0].admission }) else { return }
        let known = hello.resume.flatMap { clients.client(of: $0.token, admission.subject) }
        let old = known.flatMap { clients.session(of: $0) }
        // A Hello that was under way for so long that the client has given up its connection must not end the client's
        // newer connection.
        if let old, old > id { throw WireError(.replaced, "the client has a newer connection") }
        let token = [makeRandom(), makeRandom()].flatMap { number in withUnsafeBytes(of: number) { Array($0) } }
        let client = clients.admit(
            known, name: hello.clientName, admission, token: token, session: id, presented: hello.resume?.token)
        if let old { fail(old, WireError(.replaced, "the client has connected anew"), now: now) }
        guard let index = position(of: id) else { return }
        sessions[index].client = client
        sessions[index].phase = .awaitingRows(hello, isKnown: known != nil)
        try letIn(index, now: now)
    }

    /// Rules of visibility have decided what each client alone is shown.
    package mutating func take(_ rows: PersonalRows) { personalRows = rows }

    /// Lets those in who waited for what they alone are shown.
    package mutating func letInThoseWhoWait(now: Duration) {
        for id in sessionIDs {
            guard let index = position(of: id) else { continue }
            do throws(WireError) {
                try letIn(index, now: now)
            } catch {
                fail(id, error, now: now)
            }
        }
    }

    /// Lets a client in that is admitted, if it is known what it sees.
    private mutating func letIn(_ index: Int, now: Duration) throws(WireError) {
        let client = sessions[index].client
        guard case .awaitingRows(let hello, let isKnown) = sessions[index].phase,
            let (visibility, token) = clients.withEntry(client, { ($0.visibility, $0.token) }),
            !visibility.isPersonal || personalRows.shown[client] != nil
        else { return }
        let admission = sessions[index].admission
        try enter(index, visibility)
        charge(index, Self.helloWork + (hello.resume?.subscriptions.count ?? 0))
        sessions[index].phase = .ready
        sessions[index].clientName = hello.clientName
        sessions[index].capabilities = hello.capabilities
        var resumed: [(SubscriptionID, GrantedQuery)] = []
        let resumption = try resume(index, hello.resume, &resumed)
        let grant = SessionGrant(
            token: token, resumption: resumption, isKnownClient: isKnown, maySpawn: permissions.maySpawn,
            mayDespawn: permissions.mayDespawn, client: client.rawValue, rights: admission.rights.rawValue)
        let view = views[sessions[index].view]
        answer(index, .welcome(makeWelcome(view, table(of: index), known: Set(hello.knownSchemas), grant)))
        for (id, query) in resumed { answer(index, .subscribeResponse(id, .granted(query))) }
        // The time to the first heartbeat begins here.
        sessions[index].delivery.lastSentAt = now
        serveOnce(index, now: now)
    }

    /// Resumes a session at its client's last state, if this world knows what happened since.
    /// - Parameter resumed: Gets the subscriptions that go on.
    private mutating func resume(
        _ index: Int, _ resume: Hello.Resume?, _ resumed: inout [(SubscriptionID, GrantedQuery)]
    ) throws(WireError) -> SessionGrant.Resumption {
        guard let resume else { return .fresh }
        let view = sessions[index].view
        guard resume.revision.epoch == views[view].epoch else {
            let isOfThisLife =
                views.contains { $0.epoch == resume.revision.epoch } || pastEpochs.contains(resume.revision.epoch)
            return isOfThisLife ? .otherClass : .otherEpoch
        }
        let tick = resume.revision.tick
        guard tick <= store.tick else { return .unknownTick }
        sessions[index].delivery.begin(at: tick)
        for subscription in resume.subscriptions {
            do throws(QueryRefusal) {
                // A subscription of one entity that died while the client was away continues, so that the client learns
                // of the death.
                let query = try check(index, subscription.id, subscription.query, isResumed: true)
                resumed.append((subscription.id, accept(index, subscription, query, since: tick)))
            } catch {
                throw WireError(
                    error.refusal.code == .limitReached ? .policyViolation : .protocolError,
                    "subscription \(subscription.id) cannot resume: \(error.refusal.reason)")
            }
        }
        return .resumed
    }

    /// The components that a session may know of. What the server shows of itself is for those who may observe.
    func table(of index: Int) -> ComponentTable {
        let table = views[sessions[index].view].store.table
        guard !sessions[index].admission.rights.contains(.observe), table.entries.contains(where: \.isStatus) else {
            return table
        }
        return ComponentTable(table.entries.filter { !$0.isStatus })
    }

    private func makeWelcome(
        _ view: WorldView, _ table: ComponentTable, known: Set<SchemaHash>, _ grant: SessionGrant
    ) -> Welcome {
        Welcome(
            revision: Revision(epoch: view.epoch, tick: store.tick),
            ticksPer1000Seconds: ticksPer1000Seconds, limits: configuration.told,
            components: table.entries,
            schemas: table.schemas.filter { !known.contains($0.hash) }.map(EncodedSchema.init),
            session: grant)
    }

    /// Bytes of the longest `Welcome`, to check at start-up that it can be sent.
    package var welcomeSize: Int {
        let grant = SessionGrant(
            token: Array(repeating: 0, count: configuration.limits.tokenSizeMax))
        return ServerMessage.welcome(makeWelcome(views[0], store.table, known: [], grant)).encoded().count
    }
}
