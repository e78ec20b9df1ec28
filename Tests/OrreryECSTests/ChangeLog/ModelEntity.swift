import OrrerySchema

/// One entity of the naive world.
struct ModelEntity: Equatable {
    var health: Health?
    var label: Label?
    var frozen: Frozen?
    var mass: Mass?
    var position: Position?
    var burning: Burning?
    var note: Note?
    var counted: Counted?
    var kept: Kept?
}

extension ModelEntity {
    subscript<C: ModelComponent>(_: C.Type) -> C? {
        get { C.read(self) }
        set { C.write(newValue, &self) }
    }
}

/// A component of the naive world: how to reach it there, and how to make one. (Key paths are ten times slower in
/// debug.)
protocol ModelComponent: Component, Hashable {
    static func read(_ entity: ModelEntity) -> Self?
    static func write(_ value: Self?, _ entity: inout ModelEntity)
    static func make(_ number: Int32, _ ledger: Counted.Ledger) -> Self
}

/// All of them.
let modelComponents: [any ModelComponent.Type] = [
    Health.self, Label.self, Frozen.self, Mass.self, Position.self, Burning.self, Note.self, Counted.self, Kept.self,
]

extension Health: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.health }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.health = value }
    static func make(_ number: Int32, _: Counted.Ledger) -> Self { Self(current: number) }
}

extension Label: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.label }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.label = value }
    static func make(_ number: Int32, _: Counted.Ledger) -> Self {
        Self(text: "a label of some length, number \(number)")
    }
}

extension Frozen: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.frozen }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.frozen = value }
    static func make(_: Int32, _: Counted.Ledger) -> Self { Self() }
}

extension Mass: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.mass }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.mass = value }
    static func make(_ number: Int32, _: Counted.Ledger) -> Self { Self(kilograms: Double(number)) }
}

extension Position: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.position }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.position = value }
    static func make(_ number: Int32, _: Counted.Ledger) -> Self { Self(x: Float(number), y: 1, z: -1) }
}

extension Burning: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.burning }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.burning = value }
    static func make(_ number: Int32, _: Counted.Ledger) -> Self { Self(seconds: Float(number)) }
}

extension Note: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.note }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.note = value }
    static func make(_ number: Int32, _: Counted.Ledger) -> Self {
        Self(text: "a note of some length, number \(number)")
    }
}

extension Counted: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.counted }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.counted = value }
    static func make(_: Int32, _ ledger: Counted.Ledger) -> Self { Self(ledger) }
}

extension Kept: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.kept }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.kept = value }
    static func make(_: Int32, _ ledger: Counted.Ledger) -> Self { Self(life: Counted.Life(ledger)) }
}
