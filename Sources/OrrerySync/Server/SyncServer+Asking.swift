package import OrreryQuery
package import OrrerySchema
package import OrreryStore
import OrreryWire

/// What matches a query at one tick, for somebody who is no client.
package struct QueryResult {
    package let query: Query
    package let revision: Revision
    /// How many match, of whom the rows are a part.
    package let total: Int
    /// The members, in their order: rows of entities, or of what the query is of instead.
    package let rows: [UInt32]
    /// The world as it was asked.
    package let store: ComponentStore
}

/// Why a query of somebody who is no client has no answer.
package enum QueryFailure: Error {
    /// The query is at fault, or what it names.
    case refused(String)
    /// Whoever asks may not ask this.
    case forbidden(String)
    /// There is no time or room for it now.
    case busy(String)
}

extension SyncServer {
    /// Evaluates a query at once, with the eyes of somebody who is no client and asks with the time that newcomers
    /// have.
    /// - Parameter countMax: How many members are wanted at most, of a query that does not say it itself.
    package mutating func ask(
        _ text: String, atMost countMax: Int?, for admission: Admission, now: Duration
    ) throws(QueryFailure) -> QueryResult {
        guard admission.rights.contains(.observe) else {
            throw .forbidden("Whoever has this token may not observe.")
        }
        guard !admission.visibility.isPersonal else {
            throw .forbidden("What this token shows is for one client: connect to ask for it.")
        }
        guard !newcomerWork.isUsedUp else { throw .busy("The server is busy; ask again in a moment.") }
        newcomerWork.charge(1)
        let view: Int
        do {
            view = try viewPosition(of: admission.visibility, nil)
        } catch {
            throw .busy(error.message)
        }
        views[view].unusedSince = now
        do throws(QueryRefusal) {
            return try ask(text, atMost: countMax, of: view, seesStatus: admission.visibility == .everything, now: now)
        } catch {
            throw error.refusal.code == .limitReached ? .busy(error.refusal.reason) : .refused(error.refusal.reason)
        }
    }

    private mutating func ask(
        _ text: String, atMost countMax: Int?, of view: Int, seesStatus: Bool, now: Duration
    ) throws(QueryRefusal) -> QueryResult {
        let store = views[view].store
        let query: Query
        do throws(QueryError) {
            let outline = try Query.outline(of: text)
            let limit = countMax.flatMap { outline.window == nil && !outline.isResource ? " limit \($0)" : nil } ?? ""
            query = try Query(text + limit, in: store.table)
        } catch {
            throw QueryRefusal(error)
        }
        guard isShown(query) else {
            lookOnce(query, now: now)
            throw QueryRefusal(.limitReached, "What the server shows of itself comes with the next tick; ask again.")
        }
        let found = try evaluateOnce(query, in: store)
        newcomerWork.charge(found.work)
        let rows = query.window == nil ? query.rowOrder.sorted(RowSet(found.rows), in: store) : found.rows
        return QueryResult(
            query: query, revision: Revision(epoch: views[view].epoch, tick: store.tick), total: found.extent.total,
            rows: rows, store: store)
    }
}
