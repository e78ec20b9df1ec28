internal import OrrerySchema

/// Who points at whom by one relation: for each entity a list of those that point at it, linked through them.
///
/// By entity index; a place is used only by the entity that lives there, since links end with it.
final class ReferenceIndex {
    private struct Links {
        /// The newest of those that point at this entity.
        var first = UInt32.max
        /// The neighbours in the list of those that point at the same target.
        var newer = UInt32.max
        var older = UInt32.max
        /// Where this entity points.
        var target = Entity.none
    }

    let component: ComponentID
    let whenTargetDespawns: TargetDespawn
    private var links: [Links] = []

    init(component: ComponentID, whenTargetDespawns: TargetDespawn) {
        self.component = component
        self.whenTargetDespawns = whenTargetDespawns
    }

    /// The newest entity that points at one, by index.
    /// - Complexity: O(1).
    func first(to index: UInt32) -> UInt32? { link(index)?.first.known }

    /// The next older one that points at the same target.
    /// - Complexity: O(1).
    func next(after index: UInt32) -> UInt32? { link(index)?.older.known }

    /// Where an entity points.
    /// - Complexity: O(1).
    func target(of source: UInt32) -> Entity? { link(source)?.target }

    /// - Complexity: amortised O(1).
    /// - Precondition: `target` lives, and `source` points nowhere.
    func link(_ source: UInt32, to target: Entity) {
        let needed = Int(max(source, target.index)) + 1
        if links.count < needed {
            links += Array(repeating: Links(), count: max(needed, links.count * 2) - links.count)
        }
        let older = links[Int(target.index)].first
        links[Int(source)].target = target
        links[Int(source)].older = older
        links[Int(source)].newer = .max
        if let older = older.known { links[Int(older)].newer = source }
        links[Int(target.index)].first = source
    }

    /// Ends what `source` points at, if it points anywhere.
    /// - Complexity: O(1).
    func unlink(_ source: UInt32) {
        guard let link = link(source), link.target != .none else { return }
        if let newer = link.newer.known {
            links[Int(newer)].older = link.older
        } else {
            links[Int(link.target.index)].first = link.older
        }
        if let older = link.older.known { links[Int(older)].newer = link.newer }
        links[Int(source)].target = .none
        links[Int(source)].older = .max
        links[Int(source)].newer = .max
    }

    /// Ends what leads from an entity that ends and to it: observers may have written relations when they heard of its end.
    func forget(_ index: UInt32) {
        unlink(index)
        while let source = first(to: index) { unlink(source) }
    }

    private func link(_ index: UInt32) -> Links? { Int(index) < links.count ? links[Int(index)] : nil }
}

extension UInt32 {
    /// `nil` for the number that stands for none.
    fileprivate var known: UInt32? { self == .max ? nil : self }
}
