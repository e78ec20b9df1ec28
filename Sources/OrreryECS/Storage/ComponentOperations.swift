public import OrrerySchema

/// The operations with which storage holds values of one component type without knowing the type.
///
/// Built once per type and world, in the module that uses the type, so that the loops inside are specialised.
@usableFromInline
final class ComponentOperations {
    @usableFromInline let type: any Component.Type
    /// Bytes from one row to the next; 0 for a tag, which has no storage.
    @usableFromInline let stride: Int
    /// Whether values may be moved and copied as bytes and need no destruction.
    @usableFromInline let isBitwise: Bool
    /// Moves one value into uninitialised memory.
    @usableFromInline let moveInitialize: (_ target: UnsafeMutableRawPointer, _ source: UnsafeMutableRawPointer) -> Void
    /// Moves a run of values into uninitialised memory.
    @usableFromInline let moveRun: (_ target: UnsafeMutableRawPointer, _ source: UnsafeMutableRawPointer, Int) -> Void
    /// Copies one value into uninitialised memory.
    @usableFromInline let copyInitialize: (_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer) -> Void
    /// Copies a run of values into uninitialised memory.
    @usableFromInline let copyRun: (_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, Int) -> Void
    /// Copies one value over another.
    @usableFromInline let assign: (_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer) -> Void
    /// Destroys a run of values.
    @usableFromInline let deinitialize: (_ values: UnsafeMutableRawPointer, Int) -> Void

    @inlinable
    init<C: Component>(_ type: C.Type) {
        self.type = type
        let isTag = MemoryLayout<C>.size == 0
        stride = isTag ? 0 : MemoryLayout<C>.stride
        isBitwise = isTag || _isPOD(C.self)
        moveInitialize = { target, source in
            target.moveInitializeMemory(as: C.self, from: source.assumingMemoryBound(to: C.self), count: 1)
        }
        moveRun = { target, source, count in
            target.moveInitializeMemory(as: C.self, from: source.assumingMemoryBound(to: C.self), count: count)
        }
        copyInitialize = { target, source in
            target.initializeMemory(as: C.self, from: source.assumingMemoryBound(to: C.self), count: 1)
        }
        copyRun = { target, source, count in
            target.initializeMemory(as: C.self, from: source.assumingMemoryBound(to: C.self), count: isTag ? 0 : count)
        }
        assign = { target, source in
            target.assumingMemoryBound(to: C.self).pointee = source.assumingMemoryBound(to: C.self).pointee
        }
        deinitialize = { values, count in
            values.assumingMemoryBound(to: C.self).deinitialize(count: count)
        }
    }
}
