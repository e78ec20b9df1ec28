import CPlainTwin
import OrreryECS
import OrrerySchema

struct Position: Component { var x: Float = 0, y: Float = 0, z: Float = 0 }
struct Velocity: Component { var x: Float = 1, y: Float = 2, z: Float = 3 }
struct Acceleration: Component { var x: Float = 0.1, y: Float = 0.2, z: Float = 0.3 }
struct Health: Component { var value: Float = 1 }
struct Burning: Component {
    var seconds: Float = 1
    static var storage: ComponentStorage { .sparse }
}

/// A world of so many entities with a position and a velocity.
func makeMovers(_ count: Int) -> (world: World, entities: [Entity]) {
    let world = World()
    return (world, (0..<count).map { _ in world.spawn(Position(), Velocity()) })
}

/// How often a sample repeats work on few entities, so that it takes long enough to be timed.
func repetitions(_ count: Int) -> Int { max(1, 1_000_000 / count) }

/// Plain arrays that live as long as this.
final class PlainArrays {
    let entities: UnsafeMutablePointer<twin_entity>
    let positions: UnsafeMutablePointer<twin_vector>
    let velocities: UnsafeMutablePointer<twin_vector>
    let accelerations: UnsafeMutablePointer<twin_vector>
    let values: UnsafeMutablePointer<Float>
    let bits: UnsafeMutablePointer<UInt64>
    let count: Int

    init(_ count: Int) {
        self.count = count
        entities = Self.make(count, twin_entity(index: 0, generation: 1))
        positions = Self.make(count, twin_vector(x: 0, y: 0, z: 0))
        velocities = Self.make(count, twin_vector(x: 1, y: 2, z: 3))
        accelerations = Self.make(count, twin_vector(x: 0.1, y: 0.2, z: 0.3))
        values = Self.make(count, 1)
        bits = Self.make(count / 64 + 1, 0)
        for index in 0..<count { entities[index].index = UInt32(index) }
    }

    deinit {
        entities.deallocate()
        positions.deallocate()
        velocities.deallocate()
        accelerations.deallocate()
        values.deallocate()
        bits.deallocate()
    }

    private static func make<Value>(_ count: Int, _ value: Value) -> UnsafeMutablePointer<Value> {
        let values = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Value>.stride, alignment: 64
        ).assumingMemoryBound(to: Value.self)
        values.initialize(repeating: value, count: count)
        return values
    }
}

/// Keeps a result from being optimised away.
@inline(never)
func keep<Value>(_ value: Value) {}
