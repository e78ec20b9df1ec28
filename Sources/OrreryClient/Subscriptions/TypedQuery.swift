public import OrreryQuery
public import OrrerySchema
import OrreryStore
import OrrerySync

/// A ``LiveQuery`` whose members have components of these types.
///
/// ```swift
/// let hurt = try await connection.query(Health.self, Position.self, where: \Health.current < 50)
/// for (entity, health, position) in hurt.rows { draw(entity, at: position, health.current) }
/// for try await batch in hurt.batches {
///     for change in batch.changes(of: Health.self) { marks[change.entity] = change.new?.current }
/// }
/// ```
///
/// It ends as its ``live`` query does.
public struct TypedQuery<each C: Component>: Sendable {
    /// The same query without types, for what is shown beside these components.
    public let live: LiveQuery
    private let terms: QueryText

    fileprivate init(_ live: LiveQuery, _ terms: QueryText) {
        self.live = live
        self.terms = terms
    }

    /// Each matching entity with its components, of one tick, in the order of ``entities``. Who has a value that cannot
    /// be decoded is left out.
    /// - Complexity: As ``entities``.
    public var rows: [(Entity, repeat each C)] {
        let (session, id) = (live.session, live.id)
        return session.withCore { core in
            let readers = (repeat session.bindings.reader(of: (each C).self, in: core.store))
            return core.members(of: id).compactMap { entity in
                func value<V: Component>(by reader: ComponentReader<V>?) throws -> V {
                    guard let value = try reader?.value(of: entity, in: core.store) else { throw Absence() }
                    return value
                }
                return try? (entity, repeat value(by: each readers))
            }
        }
    }

    private struct Absence: Error {}

    /// As ``LiveQuery/entities``.
    public var entities: [Entity] { live.entities }

    /// As ``LiveQuery/total``.
    public var total: Int { live.total }

    /// As ``LiveQuery/beginsAtItsEntity``.
    public var beginsAtItsEntity: Bool { live.beginsAtItsEntity }

    /// As ``LiveQuery/isCentreLost``.
    public var isCentreLost: Bool { live.isCentreLost }

    /// As ``LiveQuery/batches``.
    public var batches: BatchSequence { live.batches }

    /// Asks for others instead, as ``LiveQuery/replace(with:for:)``: those of whom something else holds, or another
    /// part of them. The parameters are those of the query; the types stay.
    public func replace(
        within region: QueryRegion? = nil, where condition: QueryCondition? = nil, orderedBy order: QueryOrder...,
        limit: Int? = nil, offset: Int = 0,
        from start: Entity? = nil, for entities: [Entity]? = nil
    ) async throws(ClientError) {
        let text = terms.clauses(
            within: region, where: condition, orderedBy: order, limit: limit, offset: offset, from: start)
        do throws(ClientError) {
            try await live.replace(with: text, for: entities)
        } catch {
            throw error.quoting(text)
        }
    }

    /// Ends the query. May be called at any time, and repeatedly.
    public func cancel() { live.cancel() }
}

extension ClientConnection {
    /// Asks for the entities that have all of these components and match a condition, and waits until their first state
    /// has arrived. It is the same query as that of the text that it stands for, and shares its work.
    ///
    /// ```swift
    /// let hurt = try await connection.query(
    ///     Health.self, optional: Position.self, without: Frozen.self, where: \Health.current < 50)
    /// ```
    /// - Parameters:
    ///   - type: The components that a member has, and that are shown. Without any, and without `with` and `anyOf`, all
    ///     entities may match, and everything is shown.
    ///   - other: The components of which a member has at least one, shown as far as they are there.
    ///   - optional: The components that are shown if a member has them.
    ///   - hidden: The components that a member has, and that are not shown.
    ///   - excluded: The components that no member has.
    ///   - region: Where members are: `.radius(500, of: ship)`.
    ///   - condition: What else holds of a member.
    ///   - order: The order of the members; ascending by entity without one.
    ///   - limit: How many are shown at most; `nil` for all. ``TypedQuery/total`` says how many there are.
    ///   - offset: How many come before the first that is shown.
    ///   - start: The entity that is shown first, instead of an offset; the first of all if it does not match. After it
    ///     is gone, the others stay where they are.
    ///   - entities: The only entities that may match; `nil` for no such list.
    /// - Throws: ``ClientError`` of code `query` for a key path that leads to no stored property, and for a nil or NaN
    ///   to compare with; of code `component` if the server lacks one of the first components or its own does not fit;
    ///   and as ``query(_:for:)``.
    public func query<each C: Component>(
        _ type: repeat (each C).Type, anyOf other: any Component.Type..., optional: any Component.Type...,
        with hidden: any Component.Type..., without excluded: any Component.Type...,
        within region: QueryRegion? = nil, where condition: QueryCondition? = nil, orderedBy order: QueryOrder...,
        limit: Int? = nil, offset: Int = 0, from start: Entity? = nil, for entities: [Entity]? = nil
    ) async throws(ClientError) -> TypedQuery<repeat each C> {
        var fit = Fit()
        var terms: [QueryText] = []
        for type in repeat each type {
            fit.add(type)
            terms.append("\(type)")
        }
        try fit.check(serverComponents(phase: .subscribe))
        if !other.isEmpty { terms.append(QueryText(QueryText.any(of: other.map { $0.componentName }))) }
        terms += hidden.map { "with \($0)" }
        if terms.isEmpty { terms.append("*") }
        terms += optional.map { "\($0)?" }
        terms += excluded.map { "!\($0)" }
        let text = QueryText(joining: terms)
            .clauses(within: region, where: condition, orderedBy: order, limit: limit, offset: offset, from: start)
        do throws(ClientError) {
            let granted = try await session.granted(text, for: entities, fitting: fit)
            return TypedQuery(LiveQuery(session, granted, fit), QueryText(joining: terms))
        } catch {
            throw error.quoting(text)
        }
    }
}

extension ClientError {
    /// With the text that has the column of the error, which its reader has not written.
    fileprivate func quoting(_ text: QueryText) -> ClientError {
        guard query != nil else { return self }
        var error = self
        error.message += " in: \(text)"
        return error
    }
}
