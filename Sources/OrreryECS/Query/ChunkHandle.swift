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

/// The innermost loops, one per number of terms. Each is a function of its own, specialised for its closure and called once per
/// chunk: LLVM vectorises such a loop, and not the same loop inlined into the nest of tables and chunks (0.35 against 0.9 ns
/// per row for `position += velocity`).
extension ChunkHandle {
    @usableFromInline typealias Address<Value> = UnsafeMutablePointer<Value>

    @inlinable @inline(never)
    func eachRow<A: QueryTerm>(
        _: A.Type,
        _ body: (Address<Entity>, Address<A.Value>) -> Void
    ) {
        let entities = entities
        let a = base(0, A.self)
        for row in 0..<count { body(entities + row, a + row) }
    }

    @inlinable @inline(never)
    func eachRow<A: QueryTerm, B: QueryTerm>(
        _: A.Type, _: B.Type,
        _ body: (Address<Entity>, Address<A.Value>, Address<B.Value>) -> Void
    ) {
        let entities = entities
        let a = base(0, A.self)
        let b = base(1, B.self)
        for row in 0..<count { body(entities + row, a + row, b + row) }
    }

    @inlinable @inline(never)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type,
        _ body: (Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>) -> Void
    ) {
        let entities = entities
        let a = base(0, A.self)
        let b = base(1, B.self)
        let c = base(2, C.self)
        for row in 0..<count { body(entities + row, a + row, b + row, c + row) }
    }

    @inlinable @inline(never)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type,
        _ body: (Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>, Address<D.Value>) -> Void
    ) {
        let entities = entities
        let a = base(0, A.self)
        let b = base(1, B.self)
        let c = base(2, C.self)
        let d = base(3, D.self)
        for row in 0..<count { body(entities + row, a + row, b + row, c + row, d + row) }
    }

    @inlinable @inline(never)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type,
        _ body: (
            Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>, Address<D.Value>, Address<E.Value>
        ) -> Void
    ) {
        let entities = entities
        let a = base(0, A.self)
        let b = base(1, B.self)
        let c = base(2, C.self)
        let d = base(3, D.self)
        let e = base(4, E.self)
        for row in 0..<count { body(entities + row, a + row, b + row, c + row, d + row, e + row) }
    }

    @inlinable @inline(never)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm, F: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type, _: F.Type,
        _ body: (
            Address<Entity>, Address<A.Value>, Address<B.Value>, Address<C.Value>, Address<D.Value>, Address<E.Value>,
            Address<F.Value>
        ) -> Void
    ) {
        let entities = entities
        let a = base(0, A.self)
        let b = base(1, B.self)
        let c = base(2, C.self)
        let d = base(3, D.self)
        let e = base(4, E.self)
        let f = base(5, F.self)
        for row in 0..<count { body(entities + row, a + row, b + row, c + row, d + row, e + row, f + row) }
    }
}
