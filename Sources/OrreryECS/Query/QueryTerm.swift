public import OrrerySchema

/// What a query asks of each entity and hands to its closure.
public protocol QueryTerm<Value>: SendableMetatype {
    associatedtype Value: Component
    /// The values of some rows, as `forEachChunk` hands them out.
    associatedtype Values
    /// Where the value of a row is.
    associatedtype Address
    /// Whether the term hands its value out for writing; it is then marked as changed.
    static var isWrite: Bool { get }
    /// Whether entities match that do not have the component.
    static var isOptional: Bool { get }
    static func makeValues(_ column: ColumnHandle<Value>) -> Values
    static func makeAddress(_ column: ColumnHandle<Value>) -> Address
    /// The address so many rows on.
    static func advance(_ address: Address, _ rows: Int) -> Address
}

/// A term whose value the closure gets as `inout`.
public protocol WriteTerm: QueryTerm where Address == UnsafeMutablePointer<Value> {}

/// A term whose value the closure gets as a plain value.
public protocol ReadTerm: QueryTerm {
    /// What the closure gets.
    associatedtype Argument
    static func load(_ address: Address) -> Argument
}

/// Entities that have a `C`, which the query changes: the closure gets it as `inout`.
///
/// Every row that the query visits counts as changed, also those that the closure leaves as they were.
public enum Write<C: Component>: WriteTerm {
    public typealias Value = C
    @inlinable public static var isWrite: Bool { true }
    @inlinable public static var isOptional: Bool { false }
    @inlinable public static func makeValues(_ column: ColumnHandle<C>) -> MutableColumnView<C> {
        MutableColumnView(column)
    }
    @inlinable @inline(__always)
    public static func makeAddress(_ column: ColumnHandle<C>) -> UnsafeMutablePointer<C> { column.start }
    @inlinable @inline(__always)
    public static func advance(_ address: UnsafeMutablePointer<C>, _ rows: Int) -> UnsafeMutablePointer<C> {
        address + rows
    }
}

/// Entities that have a `C`, which the query reads.
public enum Read<C: Component>: ReadTerm {
    public typealias Value = C
    @inlinable public static var isWrite: Bool { false }
    @inlinable public static var isOptional: Bool { false }
    @inlinable public static func makeValues(_ column: ColumnHandle<C>) -> ColumnView<C> { ColumnView(column) }
    @inlinable @inline(__always)
    public static func makeAddress(_ column: ColumnHandle<C>) -> UnsafeMutablePointer<C> { column.start }
    @inlinable @inline(__always)
    public static func advance(_ address: UnsafeMutablePointer<C>, _ rows: Int) -> UnsafeMutablePointer<C> {
        address + rows
    }
    @inlinable @inline(__always)
    public static func load(_ address: UnsafeMutablePointer<C>) -> C { address.pointee }
}

/// Entities with or without a `C`: the closure gets it, or `nil`, as an optional.
public enum Maybe<C: Component>: ReadTerm {
    public typealias Value = C
    @inlinable public static var isWrite: Bool { false }
    @inlinable public static var isOptional: Bool { true }
    @inlinable
    public static func makeValues(_ column: ColumnHandle<C>) -> ColumnView<C>? {
        column.base == nil ? nil : ColumnView(column)
    }
    @inlinable @inline(__always)
    public static func makeAddress(_ column: ColumnHandle<C>) -> UnsafeMutablePointer<C>? { column.base }
    @inlinable @inline(__always)
    public static func advance(_ address: UnsafeMutablePointer<C>?, _ rows: Int) -> UnsafeMutablePointer<C>? {
        address.map { $0 + rows }
    }
    @inlinable @inline(__always)
    public static func load(_ address: UnsafeMutablePointer<C>?) -> C? { address?.pointee }
}
