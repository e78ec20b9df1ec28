package import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// Classes of sessions, each with its view of the world.
extension SyncServer {
    /// Classes at a time that do not see everything. Each has a copy of what it sees.
    static let viewCountMax = 64

    /// The position of the view of a class; a new view if there is none yet.
    /// - Complexity: O(views); for a new one O(what the class sees).
    mutating func viewPosition(
        of visibility: Visibility, _ client: ClientID?
    ) throws(WireError) -> Int {
        if let position = views.firstIndex(where: { $0.visibility == visibility && $0.client == client }) {
            return position
        }
        vacateViewsOfNobody()
        let countMax = client == nil ? Self.viewCountMax : configuration.personalViewCountMax
        let count = views.dropFirst().count { !$0.isVacant && ($0.client == nil) == (client == nil) }
        guard count < countMax else {
            throw WireError(
                .policyViolation,
                client == nil
                    ? "the sessions of this server are of \(countMax) classes; try again later"
                    : "this server has \(countMax) clients that each see something else; try again later")
        }
        let vacant = views.firstIndex(where: \.isVacant)
        let new = WorldView(
            visibility, client, of: store, personalRows, epoch: Epoch(makeRandom()), frozen, configuration)
        if let vacant { views[vacant] = new } else { views.append(new) }
        shareBlocks()
        return vacant ?? views.count - 1
    }

    /// Epochs of views that are gone, the newest of which are remembered.
    static let pastEpochCountMax = 1024

    /// Nobody comes back to a view; who still tries is told that it sees something else by now.
    private mutating func vacate(_ position: Int) {
        pastEpochs.append(views[position].epoch)
        if pastEpochs.count > Self.pastEpochCountMax { pastEpochs.removeFirst() }
        views[position].vacate()
        shareBlocks()
    }

    /// Each view keeps its share of blocks, which serve its own sessions only.
    private mutating func shareBlocks() {
        let share = BatchBuilder.blockCountMax / views.count { !$0.isVacant }
        for position in views.indices { views[position].builder.blockCountMax = share }
    }

    /// The queries whose members are told, of all classes.
    var memberQueryCount: Int { views.reduce(0) { $0 + $1.queries.memberQueryCount } }

    /// What sessions see or saw of late, each with the epoch that its clients are told, and the client that alone sees
    /// it.
    package var classes: [(epoch: Epoch, visibility: Visibility, client: ClientID?)] {
        views.compactMap { view in view.visibility.map { (view.epoch, $0, view.client) } }
    }

    /// A session sees the world with the eyes of a class from now on.
    mutating func enter(_ index: Int, _ visibility: Visibility) throws(WireError) {
        let position = try viewPosition(of: visibility, visibility.isPersonal ? sessions[index].client : nil)
        views[position].sessionCount += 1
        sessions[index].view = position
    }

    /// A client sees the world with other eyes from now on. If it is connected, it is told to connect again, and begins
    /// anew: what it may not see any more is gone with the state that it had.
    package mutating func setVisibility(_ visibility: Visibility, of client: ClientID, now: Duration) {
        let session = clients.withEntry(client) { entry in
            defer { entry.visibility = visibility }
            return entry.visibility == visibility ? nil : entry.session
        }
        guard case let session?? = session, let index = position(of: session) else { return }
        // Who waits to be let in has seen nothing.
        guard sessions[index].phase == .ready else { return letInThoseWhoWait(now: now) }
        fail(session, WireError(.otherClass, "this client sees other things from now on"), now: now)
    }

    /// A session has ended.
    mutating func leaveView(_ index: Int, now: Duration) {
        guard sessions[index].phase == .ready else { return }
        let view = sessions[index].view
        views[view].sessionCount -= 1
        views[view].unusedSince = now
    }

    /// Drops the views that nobody has come back to.
    mutating func expireViews(now: Duration) {
        for position in views.indices.dropFirst()
        where !views[position].isVacant && views[position].sessionCount == 0
            && now - views[position].unusedSince >= configuration.clientRetention
        {
            vacate(position)
        }
        vacateViewsOfNobody()
    }

    /// Drops the views of single clients that nobody comes back to.
    private mutating func vacateViewsOfNobody() {
        for position in views.indices.dropFirst()
        where views[position].client != nil && views[position].sessionCount == 0 && isForNobody(views[position]) {
            vacate(position)
        }
    }
    /// Whether a view is of one client that is forgotten, or sees other things by now.
    private mutating func isForNobody(_ view: WorldView) -> Bool {
        view.client.map { clients.withEntry($0) { $0.visibility } != view.visibility } ?? false
    }
}
