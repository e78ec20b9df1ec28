import OrreryECS
import OrrerySchema

/// A component of the naive world: how to make one.
protocol ModelComponent: Component, Hashable {
    static func make(_ recipe: ModelRecipe) -> Self
    /// Whether nothing can tell them apart, as `==` may not say.
    func isIdentical(to other: Self) -> Bool
}

extension ModelComponent {
    func isIdentical(to other: Self) -> Bool { self == other }
}

/// What a component is made from.
struct ModelRecipe {
    /// Another one each time.
    let number: Int32
    /// An entity to point at.
    let target: Entity
    let ledger: Counted.Ledger
}

/// A component's value, of any type.
struct ModelValue: Equatable, Sendable {
    let base: any ModelComponent

    init(_ base: any ModelComponent) {
        self.base = base
    }

    static func == (left: Self, right: Self) -> Bool { left.base.isIdentical(toAny: right.base) }

    /// What observers take for the same.
    func isEqual(to other: ModelValue) -> Bool { base.isEqual(toAny: other.base) }
}

extension ModelComponent {
    fileprivate func isEqual(toAny other: any ModelComponent) -> Bool { self == other as? Self }

    fileprivate func isIdentical(toAny other: any ModelComponent) -> Bool {
        (other as? Self).map { isIdentical(to: $0) } ?? false
    }
}

/// All but the relations: bytes, references and tags, in tables and in sets of their own.
let modelComponents: [any ModelComponent.Type] = [
    Health.self, Label.self, Frozen.self, Mass.self, Position.self, Burning.self, Note.self, Counted.self, Kept.self,
    Selected.self, Kilobyte.self,
]

/// One of each kind of ``TargetDespawn``, and one whose `==` does not look at the target, which no change log tells of.
let modelRelations: [any (ModelComponent & Relation).Type] = [ChildOf.self, Aim.self, Memory.self, Lock.self]

extension Health: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(current: recipe.number) }
}

extension Label: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(text: "a label of some length, number \(recipe.number)") }
}

extension Frozen: ModelComponent {
    static func make(_: ModelRecipe) -> Self { Self() }
}

extension Mass: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(kilograms: Double(recipe.number)) }
}

extension Position: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(x: Float(recipe.number), y: 1, z: -1) }
}

extension Burning: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(seconds: Float(recipe.number)) }
}

extension Note: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(text: "a note of some length, number \(recipe.number)") }
}

extension Counted: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(recipe.ledger) }
}

extension Kept: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(life: Counted.Life(recipe.ledger)) }
}

extension Selected: ModelComponent {
    static func make(_: ModelRecipe) -> Self { Self() }
}

extension Bytes: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(number: Int(recipe.number)) }
}

extension ChildOf: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(recipe.target) }
}

extension Aim: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(target: recipe.target) }
}

extension Lock: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(target: recipe.target, power: recipe.number % 3) }
    func isIdentical(to other: Lock) -> Bool { (target, power) == (other.target, other.power) }
}

extension Memory: ModelComponent {
    static func make(_ recipe: ModelRecipe) -> Self { Self(target: recipe.target) }
}
