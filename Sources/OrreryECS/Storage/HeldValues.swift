internal import CHeldValues

/// Exclusive access to values that contain references, such as strings and arrays.
///
/// While a closure holds such a value for writing, the value may be half written: another access to it could free what
/// the closure still uses. So the thread keeps a list of the values that it holds, and any other access to one of them
/// traps. Other threads cannot access it: the schedule runs no two systems side by side of which one writes what the
/// other uses, and a thread that holds values divides no work among others. Bitwise values need none of this, and pay
/// nothing.
extension UnsafeMutablePointer {
    /// This address, if no closure of this thread holds its value.
    @inlinable @inline(__always)
    var unheld: Self {
        if !_isPOD(Pointee.self) { requireUnheld() }
        return self
    }

    /// Holds the value until ``release()``.
    @inlinable @inline(__always)
    func hold() {
        if !_isPOD(Pointee.self) { push() }
    }

    @inlinable @inline(__always)
    func release() {
        if !_isPOD(Pointee.self) { pop() }
    }

    @usableFromInline
    func requireUnheld() {
        if held_values_overlap(self, 1) { trapHeld("\(Pointee.self)") }
    }

    @usableFromInline
    func push() {
        requireUnheld()
        guard held_values_push(self) else {
            fatalError(
                "World: a thread holds more than \(held_values_count_max) values for writing at once; "
                    + "do updates inside updates go so deep?")
        }
    }

    @usableFromInline
    func pop() { held_values_pop() }
}

extension UnsafeMutableRawPointer {
    /// Traps if a closure of this thread holds one of the values at this address.
    func requireUnheld(byteCount: Int, isBitwise: Bool, name: @autoclosure () -> String) {
        if !isBitwise, isHeld(byteCount: byteCount) { trapHeld(name()) }
    }

    /// Whether a closure of this thread holds one of the values at this address.
    func isHeld(byteCount: Int) -> Bool { held_values_overlap(self, byteCount) }
}

/// Whether this thread holds a value.
var holdsValues: Bool { held_values_count() > 0 }

private func trapHeld(_ name: String) -> Never {
    fatalError(
        "World: a value of '\(name)' is used while a closure writes it; it contains references, so only one closure "
            + "may use it at a time. Read it before, or write it through the closure's own parameter.")
}
