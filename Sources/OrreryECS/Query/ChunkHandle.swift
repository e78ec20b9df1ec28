public import OrrerySchema

/// Some rows of one chunk, as a query sees them.
@usableFromInline
struct ChunkHandle {
    /// The memory of the chunk.
    @usableFromInline let memory: UnsafeMutableRawPointer
    /// The index of the first row, within the chunk.
    @usableFromInline let first: Int
    @usableFromInline let count: Int
    /// Where the values of each term begin; `nil` for an optional component that the entities lack. There is no list if
    /// all values are in the chunk: the chunk's columns then give the places.
    @usableFromInline let bases: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    /// The columns of the terms.
    @usableFromInline let columns: UnsafeMutablePointer<QueryMatches.FoundColumn>

    @inlinable @inline(__always)
    init(
        memory: UnsafeMutableRawPointer, first: Int, count: Int,
        columns: UnsafeMutablePointer<QueryMatches.FoundColumn>,
        bases: UnsafeMutablePointer<UnsafeMutableRawPointer?>? = nil
    ) {
        self.memory = memory
        self.first = first
        self.count = count
        self.columns = columns
        self.bases = bases
    }

    @inlinable @inline(__always)
    var entities: UnsafeMutablePointer<Entity> { memory.assumingMemoryBound(to: Entity.self) + first }

    @inlinable @inline(__always)
    func base<Term: QueryTerm>(_ term: Int, _: Term.Type) -> UnsafeMutableRawPointer? {
        if let bases { return bases[term] }
        // A required component needs no check for `nil`.
        guard let column = Term.isOptional ? columns[term] : columns[term].unsafelyUnwrapped else { return nil }
        let stride = MemoryLayout<Term.Value>.size == 0 ? 0 : MemoryLayout<Term.Value>.stride
        return memory + (column.pointee.offset &+ first &* stride)
    }

    @inlinable @inline(__always)
    func column<Term: QueryTerm>(_ term: Int, _ type: Term.Type) -> ColumnHandle<Term.Value> {
        ColumnHandle(base: base(term, type).map { $0.assumingMemoryBound(to: Term.Value.self) }, count: count)
    }

    @inlinable @inline(__always)
    func values<Term: QueryTerm>(_ term: Int, _ type: Term.Type) -> Term.Values {
        Term.makeValues(column(term, type))
    }

    @inlinable @inline(__always)
    func address<Term: QueryTerm>(_ term: Int, _ type: Term.Type) -> Term.Address {
        Term.makeAddress(column(term, type))
    }

    @inlinable @inline(__always)
    var rows: ChunkRows { ChunkRows(entities: ColumnView(ColumnHandle(base: entities, count: count))) }
}

/// The innermost loops, one per number of terms. Each is a separate function that takes only addresses, is specialised
/// for its closure and is called once per chunk. LLVM vectorises such a loop, but not the same loop inlined into the
/// nested loops over tables and chunks (0.35 against 0.9 ns per row for `position += velocity`).
extension ChunkHandle {
    @usableFromInline typealias Entities = UnsafeMutablePointer<Entity>

    /// Calls a closure that has its own loop; not inlined, for the same reason. The columns are made here, so that the
    /// compiler sees that all have one length, and a loop over the rows checks no bounds.
    @inlinable @inline(never)
    func call<A: QueryTerm>(_ body: (ChunkRows, A.Values) -> Void, _: A.Type) {
        body(rows, values(0, A.self))
    }

    @inlinable @inline(never)
    func call<A: QueryTerm, B: QueryTerm, each Term: QueryTerm>(
        _ body: (ChunkRows, A.Values, B.Values, repeat (each Term).Values) -> Void,
        _: A.Type, _: B.Type, _: repeat (each Term).Type
    ) {
        var position = 1
        body(rows, values(0, A.self), values(1, B.self), repeat values(after: &position, (each Term).self))
    }

    @inlinable @inline(__always)
    func values<Term: QueryTerm>(after position: inout Int, _ type: Term.Type) -> Term.Values {
        position &+= 1
        return values(position, type)
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm>(
        _: A.Type, _ body: (Entities, A.Address) -> Void
    ) {
        Self.loop(
            A.self, count, entities, address(0, A.self), body)
    }

    @inlinable @inline(never)
    static func loop<A: QueryTerm>(
        _: A.Type, _ count: Int, _ entities: Entities, _ a: A.Address,
        _ body: (Entities, A.Address) -> Void
    ) {
        for row in 0..<count {
            let a = A.advance(a, row)
            A.hold(a)
            body(entities + row, a)
            A.release(a)
        }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm>(
        _: A.Type, _: B.Type, _ body: (Entities, A.Address, B.Address) -> Void
    ) {
        Self.loop(
            A.self, B.self, count, entities, address(0, A.self), address(1, B.self), body)
    }

    @inlinable @inline(never)
    static func loop<A: QueryTerm, B: QueryTerm>(
        _: A.Type, _: B.Type, _ count: Int, _ entities: Entities, _ a: A.Address, _ b: B.Address,
        _ body: (Entities, A.Address, B.Address) -> Void
    ) {
        for row in 0..<count {
            let a = A.advance(a, row)
            let b = B.advance(b, row)
            A.hold(a)
            B.hold(b)
            body(entities + row, a, b)
            B.release(b)
            A.release(a)
        }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _ body: (Entities, A.Address, B.Address, C.Address) -> Void
    ) {
        Self.loop(
            A.self, B.self, C.self, count, entities, address(0, A.self), address(1, B.self), address(2, C.self), body)
    }

    @inlinable @inline(never)
    static func loop<A: QueryTerm, B: QueryTerm, C: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _ count: Int, _ entities: Entities, _ a: A.Address, _ b: B.Address,
        _ c: C.Address,
        _ body: (Entities, A.Address, B.Address, C.Address) -> Void
    ) {
        for row in 0..<count {
            let a = A.advance(a, row)
            let b = B.advance(b, row)
            let c = C.advance(c, row)
            A.hold(a)
            B.hold(b)
            C.hold(c)
            body(entities + row, a, b, c)
            C.release(c)
            B.release(b)
            A.release(a)
        }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type,
        _ body: (Entities, A.Address, B.Address, C.Address, D.Address) -> Void
    ) {
        Self.loop(
            A.self, B.self, C.self, D.self, count, entities, address(0, A.self), address(1, B.self), address(2, C.self),
            address(3, D.self), body)
    }

    @inlinable @inline(never)
    static func loop<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _ count: Int, _ entities: Entities, _ a: A.Address, _ b: B.Address,
        _ c: C.Address, _ d: D.Address,
        _ body: (Entities, A.Address, B.Address, C.Address, D.Address) -> Void
    ) {
        for row in 0..<count {
            let a = A.advance(a, row)
            let b = B.advance(b, row)
            let c = C.advance(c, row)
            let d = D.advance(d, row)
            A.hold(a)
            B.hold(b)
            C.hold(c)
            D.hold(d)
            body(entities + row, a, b, c, d)
            D.release(d)
            C.release(c)
            B.release(b)
            A.release(a)
        }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type,
        _ body: (Entities, A.Address, B.Address, C.Address, D.Address, E.Address) -> Void
    ) {
        Self.loop(
            A.self, B.self, C.self, D.self, E.self, count, entities, address(0, A.self), address(1, B.self),
            address(2, C.self), address(3, D.self), address(4, E.self), body)
    }

    @inlinable @inline(never)
    static func loop<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type, _ count: Int, _ entities: Entities, _ a: A.Address,
        _ b: B.Address, _ c: C.Address, _ d: D.Address, _ e: E.Address,
        _ body: (Entities, A.Address, B.Address, C.Address, D.Address, E.Address) -> Void
    ) {
        for row in 0..<count {
            let a = A.advance(a, row)
            let b = B.advance(b, row)
            let c = C.advance(c, row)
            let d = D.advance(d, row)
            let e = E.advance(e, row)
            A.hold(a)
            B.hold(b)
            C.hold(c)
            D.hold(d)
            E.hold(e)
            body(entities + row, a, b, c, d, e)
            E.release(e)
            D.release(d)
            C.release(c)
            B.release(b)
            A.release(a)
        }
    }

    @inlinable @inline(__always)
    func eachRow<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm, F: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type, _: F.Type,
        _ body: (Entities, A.Address, B.Address, C.Address, D.Address, E.Address, F.Address) -> Void
    ) {
        Self.loop(
            A.self, B.self, C.self, D.self, E.self, F.self, count, entities, address(0, A.self), address(1, B.self),
            address(2, C.self), address(3, D.self), address(4, E.self), address(5, F.self), body)
    }

    @inlinable @inline(never)
    static func loop<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm, F: QueryTerm>(
        _: A.Type, _: B.Type, _: C.Type, _: D.Type, _: E.Type, _: F.Type, _ count: Int, _ entities: Entities,
        _ a: A.Address, _ b: B.Address, _ c: C.Address, _ d: D.Address, _ e: E.Address, _ f: F.Address,
        _ body: (Entities, A.Address, B.Address, C.Address, D.Address, E.Address, F.Address) -> Void
    ) {
        for row in 0..<count {
            let a = A.advance(a, row)
            let b = B.advance(b, row)
            let c = C.advance(c, row)
            let d = D.advance(d, row)
            let e = E.advance(e, row)
            let f = F.advance(f, row)
            A.hold(a)
            B.hold(b)
            C.hold(c)
            D.hold(d)
            E.hold(e)
            F.hold(f)
            body(entities + row, a, b, c, d, e, f)
            F.release(f)
            E.release(e)
            D.release(d)
            C.release(c)
            B.release(b)
            A.release(a)
        }
    }
}
