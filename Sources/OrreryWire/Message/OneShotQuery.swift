package import OrreryQuery
package import OrrerySchema
package import OrreryStore

/// Identifies a one-shot query of one connection. The client chooses it, and uses it again only when its answer has
/// arrived whole.
package struct QueryID: NumberedID {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

/// A query that is answered once, with the state of one tick.
package struct OneShotQuery: Hashable, Sendable {
    package var request: QueryRequest
    /// The world is asked once it has reached this tick; 0 for at once.
    package var atLeast: Tick
    /// Whether only the cost is asked for: nothing is evaluated then.
    package var explains: Bool

    package init(_ request: QueryRequest, atLeast: Tick = .zero, explains: Bool = false) {
        self.request = request
        self.atLeast = atLeast
        self.explains = explains
    }
}

/// What one evaluation of a query costs.
public struct QueryCost: Hashable, Sendable {
    /// The rows that it looks at: the listed entities, or all that live.
    public var rowCount: Int
    /// Terms and conditions that are tested for each row, at most.
    public var nodeCount: Int

    package init(rowCount: Int, nodeCount: Int) {
        self.rowCount = rowCount
        self.nodeCount = nodeCount
    }
}

/// What the first part of an answer says about all of it.
package struct AnswerHead: Hashable, Sendable {
    package var entityCount: Int
    package var cost: QueryCost
    /// The components that the query shows.
    package var shown: Selection.Shown
    /// The order of the entities; those that are equal in all keys ascend.
    package var order: [OrderKey]
    /// How many match, and where the query's window lies among them.
    package var extent: Extent

    package init(
        entityCount: Int, cost: QueryCost, shown: Selection.Shown, order: [OrderKey] = [], extent: Extent? = nil
    ) {
        self.entityCount = entityCount
        self.cost = cost
        self.shown = shown
        self.order = order
        self.extent = extent ?? Extent(total: entityCount)
    }
}

/// One message of the answer to a one-shot query.
package enum QueryResponse: Hashable, Sendable {
    /// A part of the state of this tick. Its entities and values follow in the bytes: see ``AnswerReader``.
    /// - Parameter head: In the first part.
    case part(Tick, isLast: Bool, head: AnswerHead?)
    /// - Parameter error: What is wrong with the text, for refusals of code ``RefusalCode/badQuery``.
    case refused(Refusal, QueryError? = nil)
}

/// The sections of Query beside those of ``QueryRequest``. They must be understood.
private enum OneShotSection {
    static let atLeast: UInt8 = 3
    static let explain: UInt8 = 4
}

/// The sections of QueryResponse beside *enter* and *insert*, which are those of a batch.
private enum QueryResponseSection {
    static let head: UInt8 = 1
    static let error: UInt8 = 2
    static let order: UInt8 = 3
}

extension ByteWriter {
    mutating func append(_ query: OneShotQuery) {
        append(query.request)
        if query.atLeast > .zero {
            appendSection(OneShotSection.atLeast | SectionKind.mustBeUnderstood) {
                $0.append(varint: query.atLeast.rawValue)
            }
        }
        if query.explains { appendSection(OneShotSection.explain | SectionKind.mustBeUnderstood) { _ in } }
    }

    /// Writes a message without the entities and values of its part.
    mutating func append(_ id: QueryID, _ response: QueryResponse, _ limits: WireLimits) {
        append(ServerMessageKind.queryResponse)
        append(varint: UInt64(id.rawValue))
        switch response {
        case .part(let tick, let isLast, let head):
            append(0)
            append(varint: tick.rawValue)
            append(isLast ? 1 : 0)
            guard let head else { return }
            appendSection(QueryResponseSection.head | SectionKind.mustBeUnderstood) {
                $0.append(varint: head.entityCount)
                $0.append(varint: head.cost.rowCount)
                $0.append(varint: head.cost.nodeCount)
                $0.append(head.extent)
                $0.append(head.shown, flags: 0)
            }
            guard !head.order.isEmpty else { return }
            appendSection(QueryResponseSection.order) { $0.append(head.order) }
        case .refused(let refusal, let error):
            append(refusal, limits)
            guard let error else { return }
            appendSection(QueryResponseSection.error) { $0.append(error, sizeMax: limits.reasonSizeMax) }
        }
    }
}

extension ByteReader {
    mutating func readQueryID() throws(CodecError) -> QueryID {
        QueryID(UInt32(try readCount(max: Int(UInt32.max), "the number of a query")))
    }

    mutating func readOneShotQuery(
        limits: WireLimits
    ) throws(CodecError) -> (OneShotQuery, notUnderstood: UInt8?) {
        var query = OneShotQuery(QueryRequest(""))
        let (request, notUnderstood) = try readQuery(limits: limits) { (number, content) throws(CodecError) in
            switch number {
            case OneShotSection.atLeast: query.atLeast = Tick(try content.readVarint())
            case OneShotSection.explain: query.explains = true
            default: return false
            }
            return true
        }
        query.request = request
        return (query, notUnderstood)
    }

    /// Reads what follows the kind. Of the entities and values, only the places are read.
    mutating func readQueryResponse(limits: WireLimits) throws(CodecError) -> (QueryID, QueryResponse) {
        let id = try readQueryID()
        if let refusal = try readRefusal(limits: limits) {
            var error: QueryError?
            try readSectionsOrFail { (number, content) throws(CodecError) in
                guard number == QueryResponseSection.error else { return false }
                error = try content.readQueryError(limits: limits)
                return true
            }
            return (id, .refused(refusal, error))
        }
        let tick = Tick(try readVarint())
        let isLast = try readFlag()
        var head: AnswerHead?
        var order: [OrderKey] = []
        try readSectionsOrFail(repeated: AnswerReader.sections) { (number, content) throws(CodecError) in
            switch number {
            case QueryResponseSection.head: head = try content.readAnswerHead(limits: limits)
            case QueryResponseSection.order: order = try content.readOrder(limits: limits)
            case BatchSectionKind.enter, BatchSectionKind.insert: _ = try content.readBytes(content.remaining)
            default: return false
            }
            return true
        }
        head?.order = order
        return (id, .part(tick, isLast: isLast, head: head))
    }

    private mutating func readAnswerHead(limits: WireLimits) throws(CodecError) -> AnswerHead {
        let entityCount = try readCount(max: Int(limits.entityIndexMax), "the entities of an answer")
        let cost = QueryCost(
            rowCount: try readCount(max: Int(limits.entityIndexMax), "the rows of a query"),
            nodeCount: try readCount(max: Int(UInt32.max), "the nodes of a query"))
        let extent = try readExtent(limits: limits)
        return AnswerHead(
            entityCount: entityCount, cost: cost, shown: try readShown(knownFlags: 0, limits: limits).shown,
            extent: extent)
    }
}

/// Reads the entities and values of one part of an answer in order, and checks each section on its own.
package struct AnswerReader {
    /// The numbers of its sections: *enter* to *insert* of a batch, of which those two occur.
    static let sections = BatchSectionKind.enter...BatchSectionKind.insert

    private var reader: ByteReader
    private let limits: WireLimits

    /// - Parameter bytes: A whole message, which was decoded as a part; the bytes must outlive the reader and its
    ///   sections.
    package init(_ bytes: UnsafeRawBufferPointer, limits: WireLimits) throws(WireError) {
        reader = ByteReader(bytes)
        self.limits = limits
        do throws(CodecError) {
            _ = try reader.readByte()
            _ = try reader.readQueryID()
            _ = try reader.readRefusal(limits: limits)
            _ = try reader.readVarint()
            _ = try reader.readFlag()
        } catch {
            throw WireError(error, in: "an answer")
        }
    }

    /// The next section, an *enter* or *values*; `nil` at the end.
    package mutating func next(_ table: ComponentTable) throws(WireError) -> BatchSection? {
        do throws(CodecError) {
            while !reader.isAtEnd {
                var (number, _, content) = try reader.readSection()
                guard number == BatchSectionKind.enter || number == BatchSectionKind.insert else { continue }
                let section = try content.readCells(number, table, limits)
                try content.expectEnd()
                return section
            }
            return nil
        } catch {
            throw WireError(error, in: "an answer")
        }
    }
}
