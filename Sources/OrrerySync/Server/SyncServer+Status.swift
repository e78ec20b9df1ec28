import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// The server shows itself, while somebody looks.
///
/// What it shows is of a tick, like everything else: rows change between the changes of a tick and its batches. The
/// simulation says what only it knows, when the core wants a report.
extension SyncServer {
    /// Whether somebody looks at a component with which the server shows itself.
    private func isWatched(_ column: ColumnID, at now: Duration) -> Bool {
        status.isLeased(column, at: now) || views.contains { $0.queries.watchesStatus(column) }
    }

    /// Whether a report of the simulation is wanted: somebody looks, and what they see is old.
    /// - Complexity: O(views), where nobody looks; nothing is allocated.
    package func wantsStatus(now: Duration) -> Bool {
        guard status.isLeased(at: now) || views.indices.contains(where: { views[$0].queries.statusQueryCount > 0 })
        else { return false }
        return status.columns.contains { isDue($0, at: now) }
    }

    private func isDue(_ column: ColumnID, at now: Duration) -> Bool {
        guard isWatched(column, at: now) else { return false }
        return status.refreshedAt(column).map { now - $0 >= configuration.statusInterval } ?? true
    }

    /// Shows the server as of now to those who look.
    /// - Parameters:
    ///   - report: What the simulation knows.
    ///   - isInTick: Whether the store has just come to its tick, and nobody was sent the tick. If not, only what was
    ///     not shown before is shown now; all else stays as it is until the next tick.
    package mutating func showStatus(_ report: SimulationReport, now: Duration, isInTick: Bool) {
        for column in status.columns where isDue(column, at: now) {
            guard isInTick || status.refreshedAt(column) == nil else { continue }
            show(column, report, now: now)
            guard !isInTick else { continue }
            // Nobody knows of rows: all who look wait for them, and begin with what there is.
            for position in views.indices { views[position].takeStatus(column, of: store) }
        }
    }

    /// A tick begins: what nobody looks at any more goes.
    mutating func clearStatus(now: Duration) {
        guard !status.isEmpty else { return }
        for column in status.columns where status.refreshedAt(column) != nil && !isWatched(column, at: now) {
            status.clear(column)
        }
    }

    /// Whether a query can be answered: all that it is of is shown.
    func isShown(_ query: Query) -> Bool {
        query.statusColumns(in: store.table).allSatisfy { status.refreshedAt($0) != nil }
    }

    /// How long who asks once looks, at least. It is renewed while the query waits.
    private static let lookTime: Duration = .seconds(1)

    /// Somebody asks a query once.
    mutating func lookOnce(_ query: Query, now: Duration) {
        for column in query.statusColumns(in: store.table) {
            status.lease(column, until: now + max(configuration.statusInterval, Self.lookTime))
        }
    }

    /// How often what a component shows was brought up to date.
    package var statusRefreshCount: Int { status.refreshCount }

    private mutating func show(_ column: ColumnID, _ report: SimulationReport, now: Duration) {
        switch store.table.name(of: column) {
        case ServerStatus.componentName:
            status.show([(subject: UInt64(0), value: serverStatus(report.ticks, now: now))], at: now)
        case SystemStatus.componentName:
            status.show(
                report.systems.enumerated().map { (subject: UInt64($0.offset), value: $0.element) }, at: now)
        case SessionStatus.componentName:
            let ready = sessions.lazy.filter { $0.phase == .ready }.prefix(configuration.statusRowCountMax)
            status.show(ready.map { (subject: $0.id.rawValue, value: sessionStatus($0)) }, at: now)
        case ComponentStatus.componentName:
            let entries = store.table.entries.filter { !$0.isStatus }
            var values: [(subject: UInt64, value: ComponentStatus)] = []
            for entry in entries { values.append((UInt64(entry.column.rawValue), componentStatus(entry))) }
            status.show(values, at: now)
        default: status.show(queryStatuses, at: now)
        }
    }

    private func serverStatus(_ ticks: SimulationReport.TickTimes, now: Duration) -> ServerStatus {
        var result = ServerStatus()
        result.tick = store.tick.rawValue
        result.tickRate = Double(ticksPer1000Seconds) / 1000
        result.epoch = epoch.rawValue
        result.uptime = now / .seconds(1)
        result.tickTime = ticks.newest.microseconds
        result.meanTickTime = ticks.mean.microseconds
        result.longTickTime = ticks.long.microseconds
        result.overruns = ticks.overrunCount
        result.skippedTicks = ticks.skippedCount
        result.entities = UInt64(store.entities.count)
        result.sessions = UInt64(sessions.count)
        result.queries = UInt64(views.reduce(0) { $0 + $1.queries.count })
        result.frozenQueries = UInt64(frozen.count)
        result.storeSize = UInt64(views.reduce(0) { $0 + $1.store.byteCount })
        return result
    }

    private func sessionStatus(_ session: Session) -> SessionStatus {
        var result = SessionStatus()
        result.session = session.id.rawValue
        result.client = session.client.rawValue
        result.name = session.clientName
        result.subject = session.admission.subject
        result.lag = session.lag(at: store.tick)
        result.sent = session.delivery.sentByteCount
        result.unacknowledged = session.delivery.sentByteCount - session.delivery.acknowledgedByteCount
        result.waiting = UInt64(session.held.byteCount)
        result.queries = UInt32(clamping: session.subscriptions.count)
        result.waitingQueries = UInt32(clamping: session.waitingQueries.count)
        result.seesEverything = session.view == 0
        return result
    }

    private mutating func componentStatus(_ entry: ComponentTable.Entry) -> ComponentStatus {
        let column = store[entry.column]
        var result = ComponentStatus()
        result.name = entry.name
        result.isResource = entry.isResource
        result.rows = UInt64(column.count)
        result.changes = column.changeCount
        result.changesPerTick = status.changesPerTick(of: entry.column, count: column.changeCount)
        result.size = UInt64(column.byteCount)
        for view in views where view.store.table[entry.column] != nil {
            result.encoded += view.store[entry.column].encodedByteCount
        }
        return result
    }

    private var queryStatuses: [(subject: UInt64, value: QueryStatus)] {
        var result: [(subject: UInt64, value: QueryStatus)] = []
        for (position, view) in views.enumerated() where !view.isVacant {
            view.queries.forEach { entry in
                guard result.count < configuration.statusRowCountMax else { return }
                var value = QueryStatus()
                value.number = entry.number.rawValue
                value.text = entry.query.text(in: view.store.table).cut(toSize: QueryStatus.textSizeMax)
                value.subscriptions = UInt32(clamping: entry.holderCount)
                value.members = entry.membership.map { UInt64($0.members.count) }
                value.nodes = UInt32(clamping: entry.query.nodeCount)
                value.tested = entry.testedCount
                value.encoded = entry.encodedByteCount
                value.seesEverything = position == 0
                result.append((UInt64(position) << 48 | entry.number.rawValue, value))
            }
        }
        return result
    }
}

extension Query {
    /// The components with which a server shows itself that it reads or shows; none for a query of the world.
    func statusColumns(in table: ComponentTable) -> [ColumnID] {
        guard isStatus(in: table) else { return [] }
        return Set(sentColumns).union(membershipColumns).sorted()
    }
}

extension String {
    /// Its beginning, in at most so many bytes of UTF-8.
    fileprivate func cut(toSize size: Int) -> String {
        guard utf8.count > size else { return self }
        var end = utf8.index(startIndex, offsetBy: size)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
