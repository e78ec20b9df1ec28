package import OrreryQuery
package import OrrerySchema
package import OrreryStore

/// The server's number of a query: the same for all who ask for the same, and never used again in an epoch.
package struct QueryNumber: NumberedID {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// What a server says about a query that it granted, so that a client needs no parser.
package struct GrantedQuery: Hashable, Sendable {
    /// By which batches name it.
    package var number: QueryNumber
    /// The components that it shows of its members, as far as they have them.
    package var shown: Selection.Shown
    /// Whether the sections *joined* and *left* tell its members. If not, all entities with one of the shown components
    /// are members; with all components shown, every entity; and a resource is shown whatever its value.
    package var tellsMembers: Bool
    /// The order of its members; those that are equal in all keys ascend.
    package var order: [OrderKey]

    package init(_ number: QueryNumber, shown: Selection.Shown, tellsMembers: Bool, order: [OrderKey] = []) {
        self.number = number
        self.shown = shown
        self.tellsMembers = tellsMembers
        self.order = order
    }

    /// Whether it shows a component of its members, or the resource.
    package func shows(_ entry: ComponentTable.Entry) -> Bool { shown.contains(entry) }

    /// Whether a component of its members is sent: it is shown, or the order reads it.
    package func brings(_ entry: ComponentTable.Entry) -> Bool {
        shows(entry) || order.contains { $0.column == entry.column }
    }

    /// Whether no entity of the world is its member: it is of a resource, and *joined* and *left* tell of row 0, or of
    /// what the server shows of itself, and they tell of such rows.
    package var isOutsideWorld: Bool { rowKind != .entities }

    /// What its members are.
    package var rowKind: RowKind { shown.rowKind }
}

/// The answer to a Subscribe.
package enum SubscribeOutcome: Hashable, Sendable {
    case granted(GrantedQuery)
    /// - Parameter error: What is wrong with the text, for refusals of code ``RefusalCode/badQuery``.
    case refused(Refusal, QueryError? = nil)
}

private enum SubscribeResponseSection {
    static let query: UInt8 = 1
    static let error: UInt8 = 2
    static let order: UInt8 = 3
}

private enum QueryFlags {
    static let tellsMembers: UInt8 = 1
    static let showsAll: UInt8 = 2
    static let isOfResource: UInt8 = 4
    static let isOfStatus: UInt8 = 8
}

extension QueryError.Kind {
    /// In the order of their numbers in docs/PROTOCOL.md, from 1.
    package static let numbered: [QueryError.Kind] = [
        .syntax, .unknownComponent, .unknownField, .type, .limit, .notYet, .tooDear, .needsIndex,
    ]
}

extension ByteWriter {
    mutating func append(_ id: SubscriptionID, _ outcome: SubscribeOutcome, _ limits: WireLimits) {
        switch outcome {
        case .granted(let query):
            append(id, Optional<Refusal>.none, limits)
            appendSection(SubscribeResponseSection.query | SectionKind.mustBeUnderstood) { $0.append(query) }
            guard !query.order.isEmpty else { return }
            appendSection(SubscribeResponseSection.order) { $0.append(query.order) }
        case .refused(let refusal, let error):
            append(id, refusal, limits)
            guard let error else { return }
            appendSection(SubscribeResponseSection.error) { $0.append(error, sizeMax: limits.reasonSizeMax) }
        }
    }

    private mutating func append(_ query: GrantedQuery) {
        append(varint: query.number.rawValue)
        appendLane()
        append(query.shown, flags: query.tellsMembers ? QueryFlags.tellsMembers : 0)
    }

    /// Writes flags, and which components are shown.
    mutating func append(_ shown: Selection.Shown, flags: UInt8) {
        switch shown {
        case .all: append(flags | QueryFlags.showsAll)
        case .resource(let column):
            append(flags | QueryFlags.isOfResource)
            append(varint: column.rawValue)
        case .listed(let columns): append(columns, flags: flags)
        case .status(let columns): append(columns, flags: flags | QueryFlags.isOfStatus)
        }
    }

    private mutating func append(_ columns: [ColumnID], flags: UInt8) {
        append(flags)
        append(varint: columns.count)
        for column in columns { append(varint: column.rawValue) }
    }

    mutating func append(_ error: QueryError, sizeMax: Int) {
        append(UInt8((QueryError.Kind.numbered.firstIndex(of: error.kind) ?? 0) + 1))
        append(varint: error.column)
        append(reason: error.expected, sizeMax: sizeMax)
        append(reason: error.nearest ?? "", sizeMax: sizeMax)
    }
}

extension ByteReader {
    mutating func readSubscribeOutcome(limits: WireLimits) throws(CodecError) -> SubscribeOutcome {
        let start = offset
        let refusal = try readRefusal(limits: limits)
        var (query, error): (GrantedQuery?, QueryError?)
        var order: [OrderKey] = []
        try readSectionsOrFail { (number, content) throws(CodecError) in
            switch number {
            case SubscribeResponseSection.query: query = try content.readGrantedQuery(limits: limits)
            case SubscribeResponseSection.order: order = try content.readOrder(limits: limits)
            case SubscribeResponseSection.error: error = try content.readQueryError(limits: limits)
            default: return false
            }
            return true
        }
        if let refusal { return .refused(refusal, error) }
        guard var query else {
            throw CodecError(.outOfDomain, at: start, "a subscription is granted, and its query is not described")
        }
        query.order = order
        return .granted(query)
    }

    private mutating func readGrantedQuery(limits: WireLimits) throws(CodecError) -> GrantedQuery {
        let number = QueryNumber(try readVarint())
        try readLane()
        let (shown, flags) = try readShown(knownFlags: QueryFlags.tellsMembers, limits: limits)
        return GrantedQuery(number, shown: shown, tellsMembers: flags & QueryFlags.tellsMembers != 0)
    }

    /// Reads flags, and which components are shown.
    /// - Parameter knownFlags: Those that may be set beside the one that all are shown.
    mutating func readShown(
        knownFlags: UInt8, limits: WireLimits
    ) throws(CodecError) -> (shown: Selection.Shown, flags: UInt8) {
        let flags = try readByte()
        let shown: Selection.Shown
        switch flags & ~knownFlags {
        case 0: shown = .listed(try readColumns(limits: limits))
        case QueryFlags.isOfStatus: shown = .status(try readColumns(limits: limits))
        case QueryFlags.showsAll: shown = .all
        case QueryFlags.isOfResource: shown = .resource(try readColumn(limits: limits))
        default: throw CodecError(.outOfDomain, at: offset - 1, "\(flags) are no flags of a query")
        }
        return (shown, flags)
    }

    private mutating func readColumns(limits: WireLimits) throws(CodecError) -> [ColumnID] {
        let count = try readCount(max: limits.componentCountMax, "the components of a query")
        return try readAscending(max: limits.componentCountMax - 1, count: count, "a component's number").map {
            ColumnID($0)
        }
    }

    /// An error of a kind that is not known here is one of syntax.
    mutating func readQueryError(limits: WireLimits) throws(CodecError) -> QueryError {
        let kind = Int(try readByte())
        let kinds = QueryError.Kind.numbered
        let column = try readCount(max: Int(UInt32.max), "the column of an error")
        let expected = try readString(byteCountMax: limits.reasonSizeMax)
        let nearest = try readString(byteCountMax: limits.reasonSizeMax)
        return QueryError(
            kind >= 1 && kind <= kinds.count ? kinds[kind - 1] : .syntax, column: column, expected: expected,
            nearest: nearest.isEmpty ? nil : nearest)
    }
}
