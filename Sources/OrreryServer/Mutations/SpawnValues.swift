import OrreryECS
import OrrerySchema

/// The prepared values of a spawn, for its rule.
final class SpawnValues {
    private let world: World
    /// Empty once the rule has decided: the values then move into the world.
    private var values: [(component: ComponentID, address: UnsafeRawPointer)]

    init(_ prepared: [(writer: ComponentWriter, value: UnsafeMutableRawPointer)], _ world: World) {
        self.world = world
        values = prepared.map { ($0.writer.component, UnsafeRawPointer($0.value)) }
    }

    func end() { values = [] }

    func address<C: Component>(_ type: C.Type) -> UnsafeRawPointer? {
        let component = world.register(type)
        return values.first { $0.component == component }?.address
    }

    func value<C: Component>(_ type: C.Type) -> C? { address(type)?.assumingMemoryBound(to: type).pointee }
}
