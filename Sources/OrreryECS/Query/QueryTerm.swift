public import OrrerySchema

/// What a query asks of each entity and hands to its closure.
public protocol QueryTerm<Value>: SendableMetatype {
    associatedtype Value: Component
    /// The values of one chunk, as ``QueryOf/forEachChunk(_:)`` hands them out.
    associatedtype Values
    /// Whether the term hands its value out for writing; it is then marked as changed.
    static var isWrite: Bool { get }
    /// The values of one chunk, by address and count.
    static func makeValues(_ column: ColumnHandle<Value>) -> Values
}

/// A term whose value the closure gets as `inout`.
public protocol WriteTerm: QueryTerm {}

/// A term whose value the closure gets as a plain value.
public protocol ReadTerm: QueryTerm {}

/// Entities that have a `C`, which the query changes: the closure gets it as `inout`.
///
/// Every row that the query visits counts as changed, also those that the closure leaves as they were.
public enum Write<C: Component>: WriteTerm {
    public typealias Value = C
    @inlinable public static var isWrite: Bool { true }
    @inlinable public static func makeValues(_ column: ColumnHandle<C>) -> MutableColumn<C> { MutableColumn(column) }
}

/// Entities that have a `C`, which the query reads.
public enum Read<C: Component>: ReadTerm {
    public typealias Value = C
    @inlinable public static var isWrite: Bool { false }
    @inlinable public static func makeValues(_ column: ColumnHandle<C>) -> Column<C> { Column(column) }
}
