public import OrrerySchema

/// One chunk of one table, as a query sees it.
@usableFromInline
struct ChunkHandle {
    @usableFromInline let table: TablePointer
    @usableFromInline let chunk: Int
    /// The columns of the plan's terms; those of this table begin at `firstColumn`.
    @usableFromInline let columns: UnsafeBufferPointer<Int>
    @usableFromInline let firstColumn: Int

    @inlinable @inline(__always)
    init(_ table: TablePointer, _ chunk: Int, _ columns: UnsafeBufferPointer<Int>, _ firstColumn: Int) {
        self.firstColumn = firstColumn
        self.table = table
        self.chunk = chunk
        self.columns = columns
    }

    @inlinable @inline(__always)
    var count: Int { table.pointee.rowCount(chunk: chunk) }

    @inlinable @inline(__always)
    var entities: UnsafeMutablePointer<Entity> { table.pointee.entities(chunk: chunk) }

    /// The address of a term's values.
    @inlinable @inline(__always)
    func base<Term: QueryTerm>(_ term: Int, _: Term.Type) -> UnsafeMutablePointer<Term.Value> {
        (table.pointee.chunks[chunk] + table.pointee.columns[columns[firstColumn &+ term]].offset)
            .assumingMemoryBound(to: Term.Value.self)
    }

    @inlinable @inline(__always)
    func values<Term: QueryTerm>(_ term: Int, _ type: Term.Type) -> Term.Values {
        Term.makeValues(ColumnHandle(base: base(term, type), count: count))
    }

    @inlinable @inline(__always)
    var rows: ChunkRows { ChunkRows(entities: Column(ColumnHandle(base: entities, count: count))) }
}

/// The innermost loops, one per number of terms. Each is a function of its own that gets nothing but pointers,
/// specialised for
/// its closure and called once per chunk: LLVM vectorises such a loop, and not the same loop inlined into the nest of
/// tables
/// and chunks (0.35 against 0.9 ns per row for `position += velocity`).
extension ChunkHandle {
    @usableFromInline typealias Address<Value> = UnsafeMutablePointer<Value>

    /// Calls a closure that has a loop of its own, kept out of the nest for the same reason.
    @inlinable @inline(never)
    static func call<each Values>(
        _ body: (ChunkRows, repeat each Values) -> Void, _ rows: ChunkRows, _ values: repeat each Values
    ) {
        body(rows, repeat each values)
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm>(
        _: A.Type,
        _ body: (Address<Entity>, Address<A.Value>) -> Void
    ) {
        Self.loop(count, entities, base(0, A.self), body)
    }

    @inlinable @inline(never)
    static func loop<A>(
        _ count: Int, _ entities: Address<Entity>, _ a: Address<A>,
        _ body: (Address<Entity>, Address<A>) -> Void
    ) {
        for row in 0..<count { body(entities + row, a + row) }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm>(
        _: A.Type, _: B.Type,
        _ body: (Address<Entity>, Address<A.Value>, Address<B.Value>) -> Void
    ) {
        Self.loop(count, entities, base(0, A.self), base(1, B.self), body)
    }

    @inlinable @inline(never)
    static func loop<A, B>(
        _ count: Int, _ entities: Address<Entity>, _ a: Address<A>, _ b: Address<B>,
        _ body: (Address<Entity>, Address<A>, Address<B>) -> Void
    ) {
        for row in 0..<count { body(entities + row, a + row, b + row) }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type,
        _ body: (Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>) -> Void
    ) {
        Self.loop(count, entities, base(0, A.self), base(1, B.self), base(2, C.self), body)
    }

    @inlinable @inline(never)
    static func loop<A, B, C>(
        _ count: Int, _ entities: Address<Entity>, _ a: Address<A>, _ b: Address<B>, _ c: Address<C>,
        _ body: (Address<Entity>, Address<A>, Address<B>, Address<C>) -> Void
    ) {
        for row in 0..<count { body(entities + row, a + row, b + row, c + row) }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type,
        _ body: (Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>, Address<D.Value>) -> Void
    ) {
        Self.loop(count, entities, base(0, A.self), base(1, B.self), base(2, C.self), base(3, D.self), body)
    }

    @inlinable @inline(never)
    static func loop<A, B, C, D>(
        _ count: Int, _ entities: Address<Entity>, _ a: Address<A>, _ b: Address<B>, _ c: Address<C>, _ d: Address<D>,
        _ body: (Address<Entity>, Address<A>, Address<B>, Address<C>, Address<D>) -> Void
    ) {
        for row in 0..<count { body(entities + row, a + row, b + row, c + row, d + row) }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type,
        _ body: (
            Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>, Address<D.Value>, Address<E.Value>
        ) -> Void
    ) {
        Self.loop(
            count, entities, base(0, A.self), base(1, B.self), base(2, C.self), base(3, D.self), base(4, E.self), body)
    }

    @inlinable @inline(never)
    static func loop<A, B, C, D, E>(
        _ count: Int, _ entities: Address<Entity>, _ a: Address<A>, _ b: Address<B>, _ c: Address<C>, _ d: Address<D>,
        _ e: Address<E>,
        _ body: (Address<Entity>, Address<A>, Address<B>, Address<C>, Address<D>, Address<E>) -> Void
    ) {
        for row in 0..<count { body(entities + row, a + row, b + row, c + row, d + row, e + row) }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm, F: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type, _: F.Type,
        _ body: (
            Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>, Address<D.Value>, Address<E.Value>,
            Address<F.Value>
        ) -> Void
    ) {
        Self.loop(
            count, entities, base(0, A.self), base(1, B.self), base(2, C.self), base(3, D.self), base(4, E.self),
            base(5, F.self), body)
    }

    @inlinable @inline(never)
    static func loop<A, B, C, D, E, F>(
        _ count: Int, _ entities: Address<Entity>, _ a: Address<A>, _ b: Address<B>, _ c: Address<C>, _ d: Address<D>,
        _ e: Address<E>, _ f: Address<F>,
        _ body: (Address<Entity>, Address<A>, Address<B>, Address<C>, Address<D>, Address<E>, Address<F>) -> Void
    ) {
        for row in 0..<count { body(entities + row, a + row, b + row, c + row, d + row, e + row, f + row) }
    }
}
