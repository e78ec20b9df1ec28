// The overloads differ in the query's terms, so the compiler picks one before it looks at any closure.
// swift-format-ignore-file: AmbiguousTrailingClosureOverload

public import OrrerySchema

/// Iteration by row, with the entity, four to six terms.
///
/// `Write` terms are `inout`, `Read` terms are values, `Maybe` terms are optionals. With four or more terms, the
/// `Write` terms come first; for any other order use ``forEachChunk(_:)``.
///
/// Structural changes are not allowed while a closure runs. Rows of `Write` terms count as changed, whether the closure
/// changed them or not. The next iteration sees spawned, removed or moved rows.
/// - Complexity: O(rows); the loop is vectorised where the closure allows it.
extension QueryOf {
    /// Calls a closure for each entity with four values to write.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: WriteTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, inout D.Value) -> Void
    )
    where Row == (Entity, A, B, C, D) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self) { entity, a, b, c, d in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, &d.pointee)
            }
        }
    }

    /// Calls a closure for each entity with three values to write, then one to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, D.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self) { entity, a, b, c, d in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, D.load(d))
            }
        }
    }

    /// Calls a closure for each entity with two values to write, then two to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: ReadTerm, D: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, C.Argument, D.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self) { entity, a, b, c, d in
                body(entity.pointee, &a.pointee, &b.pointee, C.load(c), D.load(d))
            }
        }
    }

    /// Calls a closure for each entity with one value to write, then three to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm>(
        _ body: (Entity, inout A.Value, B.Argument, C.Argument, D.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self) { entity, a, b, c, d in
                body(entity.pointee, &a.pointee, B.load(b), C.load(c), D.load(d))
            }
        }
    }

    /// Calls a closure for each entity with four values to read.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm>(
        _ body: (Entity, A.Argument, B.Argument, C.Argument, D.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self) { entity, a, b, c, d in
                body(entity.pointee, A.load(a), B.load(b), C.load(c), D.load(d))
            }
        }
    }

    /// Calls a closure for each entity with five values to write.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: WriteTerm, E: WriteTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, inout D.Value, inout E.Value) -> Void
    )
    where Row == (Entity, A, B, C, D, E) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self) { entity, a, b, c, d, e in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, &d.pointee, &e.pointee)
            }
        }
    }

    /// Calls a closure for each entity with four values to write, then one to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: WriteTerm, E: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, inout D.Value, E.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self) { entity, a, b, c, d, e in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, &d.pointee, E.load(e))
            }
        }
    }

    /// Calls a closure for each entity with three values to write, then two to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: ReadTerm, E: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, D.Argument, E.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self) { entity, a, b, c, d, e in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, D.load(d), E.load(e))
            }
        }
    }

    /// Calls a closure for each entity with two values to write, then three to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: ReadTerm, D: ReadTerm, E: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, C.Argument, D.Argument, E.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self) { entity, a, b, c, d, e in
                body(entity.pointee, &a.pointee, &b.pointee, C.load(c), D.load(d), E.load(e))
            }
        }
    }

    /// Calls a closure for each entity with one value to write, then four to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm, E: ReadTerm>(
        _ body: (Entity, inout A.Value, B.Argument, C.Argument, D.Argument, E.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self) { entity, a, b, c, d, e in
                body(entity.pointee, &a.pointee, B.load(b), C.load(c), D.load(d), E.load(e))
            }
        }
    }

    /// Calls a closure for each entity with five values to read.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm, E: ReadTerm>(
        _ body: (Entity, A.Argument, B.Argument, C.Argument, D.Argument, E.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self) { entity, a, b, c, d, e in
                body(entity.pointee, A.load(a), B.load(b), C.load(c), D.load(d), E.load(e))
            }
        }
    }

    /// Calls a closure for each entity with six values to write.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: WriteTerm, E: WriteTerm, F: WriteTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, inout D.Value, inout E.Value, inout F.Value) ->
            Void
    )
    where Row == (Entity, A, B, C, D, E, F) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self, F.self) { entity, a, b, c, d, e, f in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, &d.pointee, &e.pointee, &f.pointee)
            }
        }
    }

    /// Calls a closure for each entity with five values to write, then one to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: WriteTerm, E: WriteTerm, F: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, inout D.Value, inout E.Value, F.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E, F) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self, F.self) { entity, a, b, c, d, e, f in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, &d.pointee, &e.pointee, F.load(f))
            }
        }
    }

    /// Calls a closure for each entity with four values to write, then two to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: WriteTerm, E: ReadTerm, F: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, inout D.Value, E.Argument, F.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E, F) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self, F.self) { entity, a, b, c, d, e, f in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, &d.pointee, E.load(e), F.load(f))
            }
        }
    }

    /// Calls a closure for each entity with three values to write, then three to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: WriteTerm, D: ReadTerm, E: ReadTerm, F: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, inout C.Value, D.Argument, E.Argument, F.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E, F) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self, F.self) { entity, a, b, c, d, e, f in
                body(entity.pointee, &a.pointee, &b.pointee, &c.pointee, D.load(d), E.load(e), F.load(f))
            }
        }
    }

    /// Calls a closure for each entity with two values to write, then four to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: WriteTerm, C: ReadTerm, D: ReadTerm, E: ReadTerm, F: ReadTerm>(
        _ body: (Entity, inout A.Value, inout B.Value, C.Argument, D.Argument, E.Argument, F.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E, F) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self, F.self) { entity, a, b, c, d, e, f in
                body(entity.pointee, &a.pointee, &b.pointee, C.load(c), D.load(d), E.load(e), F.load(f))
            }
        }
    }

    /// Calls a closure for each entity with one value to write, then five to read.
    @inlinable
    public func forEachEntity<A: WriteTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm, E: ReadTerm, F: ReadTerm>(
        _ body: (Entity, inout A.Value, B.Argument, C.Argument, D.Argument, E.Argument, F.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E, F) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self, F.self) { entity, a, b, c, d, e, f in
                body(entity.pointee, &a.pointee, B.load(b), C.load(c), D.load(d), E.load(e), F.load(f))
            }
        }
    }

    /// Calls a closure for each entity with six values to read.
    @inlinable
    public func forEachEntity<A: ReadTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm, E: ReadTerm, F: ReadTerm>(
        _ body: (Entity, A.Argument, B.Argument, C.Argument, D.Argument, E.Argument, F.Argument) -> Void
    )
    where Row == (Entity, A, B, C, D, E, F) {
        forEachChunkHandle { chunk in
            chunk.eachRow(A.self, B.self, C.self, D.self, E.self, F.self) { entity, a, b, c, d, e, f in
                body(entity.pointee, A.load(a), B.load(b), C.load(c), D.load(d), E.load(e), F.load(f))
            }
        }
    }
}
