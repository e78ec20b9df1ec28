public import OrrerySchema

/// How a query uses one component of each entity, and how its closure gets the value.
public protocol QueryTerm<Value>: SendableMetatype {
    associatedtype Value: Component
    /// The values of some rows, as `forEachChunk` passes them.
    associatedtype Values
    /// The address of a row's value.
    associatedtype Address
    /// Whether the closure may write the value; the query then marks it as changed.
    static var isWrite: Bool { get }
    /// Whether entities without the component match too.
    static var isOptional: Bool { get }
    static func makeValues(_ column: ColumnHandle<Value>) -> Values
    static func makeAddress(_ column: ColumnHandle<Value>) -> Address
    /// The address `rows` rows after this one.
    static func advance(_ address: Address, _ rows: Int) -> Address
    /// Begins exclusive access to a row's value, if the closure may write it.
    static func hold(_ address: Address)
    /// Ends the exclusive access.
    static func release(_ address: Address)
}

extension QueryTerm {
    @inlinable @inline(__always)
    public static func hold(_ address: Address) {}
    @inlinable @inline(__always)
    public static func release(_ address: Address) {}
}

/// A term whose value the closure gets as `inout`.
public protocol WriteTerm: QueryTerm where Address == UnsafeMutablePointer<Value> {}

extension WriteTerm {
    @inlinable @inline(__always)
    public static func hold(_ address: Address) { address.hold() }
    @inlinable @inline(__always)
    public static func release(_ address: Address) { address.release() }
}

/// A term whose value the closure gets as a plain value.
public protocol ReadTerm: QueryTerm {
    /// The type that the closure gets.
    associatedtype Argument
    static func load(_ address: Address) -> Argument
}

/// Matches entities that have a `C`; the closure gets it as `inout`.
///
/// Every row that the query visits counts as changed, even if the closure leaves it unchanged.
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

/// Matches entities that have a `C`; the closure reads it.
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
    public static func load(_ address: UnsafeMutablePointer<C>) -> C { address.unheld.pointee }
}

/// Matches entities with or without a `C`; the closure gets an optional.
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
    public static func load(_ address: UnsafeMutablePointer<C>?) -> C? { address?.unheld.pointee }
}
