package import OrrerySchema

/// Which of those who match a query are its members: some that follow each other in its order.
package struct Window: Hashable, Sendable {
    /// Where it begins.
    package enum Start: Hashable, Sendable {
        /// After this many.
        case offset(Int)
        /// At this entity, or, if it does not match, at the first.
        case entity(Entity)
    }

    /// How many there are at most.
    package let count: Int
    package let start: Start

    /// What a text can say beyond this is as good as this.
    private static let countMax = 1 << 32

    package init(count: Int, start: Start = .offset(0)) {
        self.count = min(count, Self.countMax)
        // Nobody is shown, wherever that begins.
        guard count > 0 else {
            self.start = .offset(0)
            return
        }
        self.start = if case .offset(let offset) = start { .offset(min(offset, Self.countMax)) } else { start }
    }

    /// Only how many match is asked for.
    package static let nobody = Window(count: 0)

    /// Whether a text can still say where it begins.
    var canBegin: Bool { self != .nobody && start == .offset(0) }
}
