// The overloads differ in the query's terms, so the compiler picks one before it looks at any closure.
// swift-format-ignore-file: AmbiguousTrailingClosureOverload

public import OrrerySchema

/// Iteration by row, with the entity, one to three terms.
///
/// `Write` terms are `inout`, `Read` terms are values, `Maybe` terms are optionals. The closure takes them in the
/// query's order, which may be any.
///
/// Structural changes are not allowed while a closure runs. Rows of `Write` terms count as changed, whether the closure
/// changed them or not. The next iteration sees spawned, removed or moved rows.
/// - Complexity: O(rows); the loop is vectorised where the closure allows it.
extension QueryOf {
    /// Calls a closure for each entity with one value to write.
    @inlinable
    public func forEachEntity<A: WriteTerm>(_ body: (Entity, inout A.Value) -> Void)
    where Row == (Entity, A) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self) { entity, a in body(entity.pointee, &a.pointee) }
        }
    }

    /// Calls a closure for each entity with one value to read.
    @inlinable
    public func forEachEntity<A: ReadTerm>(_ body: (Entity, A.Argument) -> Void)
    where Row == (Entity, A) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self) { entity, a in body(entity.pointee, A.load(a)) }
        }
    }

    /// Calls a closure for each entity with two values to write.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm>(_ body: (Entity, inout A.Value, inout B.Value) -> Void)
    where Row == (Entity, A, B) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self) { entity, a, b in body(entity.pointee, &a.pointee, &b.pointee) }
        }
    }

    /// Calls a closure for each entity with one value to write, then one to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: ReadTerm>(_ body: (Entity, inout A.Value, B.Argument) -> Void)
    where Row == (Entity, A, B) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self) { entity, a, b in body(entity.pointee, &a.pointee, B.load(b)) }
        }
    }

    /// Calls a closure for each entity with one value to read, then one to write.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: WriteTerm>(_ body: (Entity, A.Argument, inout B.Value) -> Void)
    where Row == (Entity, A, B) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self) { entity, a, b in body(entity.pointee, A.load(a), &b.pointee) }
        }
    }

    /// Calls a closure for each entity with two values to read.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: ReadTerm>(_ body: (Entity, A.Argument, B.Argument) -> Void)
    where Row == (Entity, A, B) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self) { entity, a, b in body(entity.pointee, A.load(a), B.load(b)) }
        }
    }

    /// Calls a closure for each entity with three values to write.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee)
            }
        }
    }

    /// Calls a closure for each entity with two values to write, then one to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, C.Argument) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, &a.pointee, &b.pointee, C.load(c))
            }
        }
    }

    /// Calls a closure for each entity with one value to write, then one to read, then one to write.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: ReadTerm, C: WriteTerm>(
        _ body: (Entity, inout A.Value, B.Argument, inout C.Value) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, &a.pointee, B.load(b), &c.pointee)
            }
        }
    }

    /// Calls a closure for each entity with one value to write, then two to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: ReadTerm, C: ReadTerm>(
        _ body: (Entity, inout A.Value, B.Argument, C.Argument) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, &a.pointee, B.load(b), C.load(c))
            }
        }
    }

    /// Calls a closure for each entity with one value to read, then two to write.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: WriteTerm, C: WriteTerm>(
        _ body: (Entity, A.Argument, inout B.Value, inout C.Value) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, A.load(a), &b.pointee, &c.pointee)
            }
        }
    }

    /// Calls a closure for each entity with one value to read, then one to write, then one to read.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: WriteTerm, C: ReadTerm>(
        _ body: (Entity, A.Argument, inout B.Value, C.Argument) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, A.load(a), &b.pointee, C.load(c))
            }
        }
    }

    /// Calls a closure for each entity with two values to read, then one to write.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: ReadTerm, C: WriteTerm>(
        _ body: (Entity, A.Argument, B.Argument, inout C.Value) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, A.load(a), B.load(b), &c.pointee)
            }
        }
    }

    /// Calls a closure for each entity with three values to read.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: ReadTerm, C: ReadTerm>(
        _ body: (Entity, A.Argument, B.Argument, C.Argument) -> Void
    )
    where Row == (Entity, A, B, C) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self) { entity, a, b, c in
                body(entity.pointee, A.load(a), B.load(b), C.load(c))
            }
        }
    }
}
