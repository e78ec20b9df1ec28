import OrrerySchema
import OrreryStore

/// A condition, ready to be evaluated: a page at a time, some of its rows in and some of them out.
indirect enum Matcher: Sendable {
    case all([Matcher])
    case any([Matcher])
    case not(Matcher)
    case never
    case isPresent(ColumnID)
    case scan(Scan)
    case rows(RowTest)

    /// A page of a store.
    struct Place {
        let store: ComponentStore
        let page: Int
    }

    /// Which of the rows in `mask` match.
    func matches(_ mask: PageMask, _ place: Place) -> PageMask {
        guard !mask.isEmpty else { return .zero }
        switch self {
        case .all(let operands):
            var rest = mask
            for operand in operands where !rest.isEmpty { rest = operand.matches(rest, place) }
            return rest
        case .any(let operands):
            var rest = mask
            for operand in operands where !rest.isEmpty { rest &= ~operand.matches(rest, place) }
            return mask & ~rest
        case .not(let operand): return mask & ~operand.matches(mask, place)
        case .never: return .zero
        case .isPresent(let column): return mask & place.present(column)
        case .scan(let scan):
            guard let page = place.store[scan.column].page(at: place.page) else { return .zero }
            return scan.matches(mask & page.presentMask, page)
        case .rows(let test): return test.matches(mask, place)
        }
    }
}

extension Matcher.Place {
    /// Which of the rows have the component.
    func present(_ column: ColumnID) -> PageMask { present(store[column]) }

    func present(_ column: Column) -> PageMask { column.page(at: page)?.presentMask ?? .zero }
}

extension Matcher {
    /// Lists up to this length are scanned once for each value; longer ones are searched row by row.
    private static let scannedListLengthMax = 8

    /// - Parameter shown: The components in which a condition looks everywhere.
    init(_ condition: Condition, _ table: ComponentTable, shown: [ColumnID]) {
        switch condition {
        case .all(let operands): self = .all(operands.map { Matcher($0, table, shown: shown) })
        case .any(let operands): self = .any(operands.map { Matcher($0, table, shown: shown) })
        case .not(let operand, let times):
            let matcher = Matcher(operand, table, shown: shown)
            self = times.isMultiple(of: 2) ? matcher : .not(matcher)
        case .hasComponent(let column): self = .isPresent(column)
        case .refersTo(let entity): self.init(.entity(entity), table, shown)
        case .anyText(let text): self.init(.text(FoldedSearch(text)), table, shown)
        case .anyNaN: self.init(.nan, table, shown)
        case .comparison(let operand, let comparison, let constant):
            let (reader, value) = (OperandReader(operand, table), ComparedValue(constant))
            self =
                Self.scan(operand, reader) { ScanPlan(comparison, value, $0) }
                ?? .rows(.comparison(reader, comparison, value))
        case .operands(let left, let comparison, let right):
            self = .rows(.operands(OperandReader(left, table), comparison, OperandReader(right, table)))
        case .range(let operand, let low, let high):
            let reader = OperandReader(operand, table)
            let (low, high) = (ComparedValue(low), ComparedValue(high))
            self = Self.scan(operand, reader) { ScanPlan(from: low, to: high, $0) } ?? .rows(.range(reader, low, high))
        case .list(let operand, let constants):
            self = Self.list(operand, OperandReader(operand, table), constants.map(ComparedValue.init))
        case .contains(let path, let text):
            let (reader, search) = (OperandReader(.field(path), table), FoldedSearch(text))
            self = .rows(
                ElementReader(reader.reader.type).map { .elementContains(reader, $0, search) }
                    ?? .contains(reader, search))
        case .hasElement(let path, let constant):
            let reader = OperandReader(.field(path), table)
            self =
                ElementReader(reader.reader.type).map { .rows(.hasElement(reader, $0, ComparedValue(constant))) }
                ?? .never
        case .isNil(let path):
            let reader = OperandReader(.field(path), table)
            self =
                Self.scan(.field(path), reader) { $0 == .entity ? .scan(.entity(.none)) : nil } ?? .rows(.isNil(reader))
        case .isNaN(let operand):
            let reader = OperandReader(operand, table)
            self =
                Self.scan(operand, reader) { .scan($0 == .scalar(.float) ? .floatNaN : .doubleNaN) }
                ?? .rows(.isNaN(reader))
        }
    }

    /// The scan of a field that lies at one offset; `nil` for other operands, or if there is no plan for the type.
    private static func scan(
        _ operand: Operand, _ reader: OperandReader, _ plan: (FieldType) -> ScanPlan?
    ) -> Matcher? {
        guard case .field(let path) = operand, let offset = reader.reader.fixedOffset,
            reader.isOfFixedSize, let plan = plan(reader.reader.type)
        else { return nil }
        switch plan {
        case .scan(let test): return .scan(Scan(column: path.column, offset: offset, test: test))
        case .none: return .never
        }
    }

    private static func list(_ operand: Operand, _ reader: OperandReader, _ values: [ComparedValue]) -> Matcher {
        if values.count <= scannedListLengthMax {
            let scans = values.compactMap { value in scan(operand, reader) { ScanPlan(.equal, value, $0) } }
            if scans.count == values.count { return .any(scans) }
        }
        // A fraction is equal to no integer. Without fractions the values ascend strictly.
        let wholes = values.filter { if case .integer(_, isExact: false) = $0 { false } else { true } }
        return .rows(.list(reader, wholes.sorted(by: ComparedValue.precedes)))
    }

    /// A search in all shown components.
    private init(_ search: LeafSearch, _ table: ComponentTable, _ shown: [ColumnID]) {
        var matchers: [Matcher] = []
        for column in shown {
            guard let type = table[column]?.schema?.type else { continue }
            if type.fixedSize != nil {
                matchers += Self.leaves(of: type, from: 0, search).map {
                    .scan(Scan(column: column, offset: $0.offset, test: $0.test))
                }
            } else if type.hasLeaf(search.leaf) {
                matchers.append(.rows(.search(column, Layout(type, for: search.leaf), search)))
            }
        }
        self = matchers.isEmpty ? .never : .any(matchers)
    }

    /// The scans that look everywhere in values of fixed size.
    private static func leaves(
        of type: FieldType, from offset: Int, _ search: LeafSearch
    ) -> [(offset: Int, test: Scan.Test)] {
        switch (type, search) {
        case (.scalar(.float), .nan): return [(offset, .floatNaN)]
        case (.scalar(.double), .nan): return [(offset, .doubleNaN)]
        case (.vector(let scalar, let lanes), .nan):
            return (0..<lanes).flatMap { leaves(of: .scalar(scalar), from: offset + $0 * scalar.size, search) }
        case (.entity, .entity(let entity)) where entity != .none: return [(offset, .entity(entity))]
        case (.structure(let fields), _):
            var (result, next) = ([(offset: Int, test: Scan.Test)](), offset)
            for field in fields {
                result += leaves(of: field.type, from: next, search)
                next += field.type.fixedSize ?? 0
            }
            return result
        default: return []
        }
    }
}

extension FieldType {
    /// Whether a value may contain what a search looks for.
    func hasLeaf(_ leaf: Layout.Leaf) -> Bool {
        switch self {
        case .scalar(let scalar), .vector(let scalar, _): leaf == .nan && (scalar == .float || scalar == .double)
        case .entity: leaf == .entity
        case .string: leaf == .text
        case .enumeration: false
        case .structure(let fields): fields.contains { $0.type.hasLeaf(leaf) }
        case .optional(let inner), .array(let inner), .set(let inner): inner.hasLeaf(leaf)
        case .dictionary(let key, let value): key.hasLeaf(leaf) || value.hasLeaf(leaf)
        case .union(let cases): cases.contains { $0.fields.contains { $0.type.hasLeaf(leaf) } }
        }
    }
}
