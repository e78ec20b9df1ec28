// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

private struct A: Component { var n = 1 }
private struct B: Component { var n = 10 }
private struct C: Component { var n = 100 }
private struct D: Component { var n = 1000 }
private struct E: Component { var n = 10_000 }
private struct F: Component { var n = 100_000 }

@Suite("A query hands out one to six terms, each its own column")
struct QueryArityTests {
    private let world = World()
    private let entity: Entity

    init() {
        entity = world.spawn(F(), E(), D(), C(), B(), A())
    }

    @Test func oneTerm() {
        var sum = 0
        world.query(Write<A>.self).forEach { a in a.n += 1 }
        world.query(Read<A>.self).forEach { a in sum += a.n }
        world.query(Read<A>.self).forEachEntity { entity, a in sum += a.n * Int(entity.generation) }
        world.query(Write<A>.self).forEachEntity { entity, a in a.n += Int(entity.generation) }
        #expect(sum == 4)
        #expect(world[entity, A.self]?.n == 3)
    }

    @Test func threeTerms() {
        var sum = 0
        world.query(Write<A>.self, Write<B>.self, Read<C>.self).forEach { a, b, c in
            a.n += c.n
            b.n += c.n
        }
        world.query(Read<A>.self, Read<B>.self, Read<C>.self).forEach { a, b, c in sum += a.n + b.n + c.n }
        #expect(sum == 101 + 110 + 100)
    }

    @Test func fourTerms() {
        world.query(Write<A>.self, Read<B>.self, Read<C>.self, Read<D>.self).forEach { a, b, c, d in
            a.n += b.n + c.n + d.n
        }
        #expect(world[entity, A.self]?.n == 1111)
    }

    @Test func fiveTerms() {
        world.query(Write<A>.self, Write<B>.self, Write<C>.self, Write<D>.self, Read<E>.self)
            .forEachEntity { entity, a, b, c, d, e in
                a.n += e.n
                b.n += e.n
                c.n += e.n
                d.n += e.n * Int(entity.generation)
            }
        #expect(world[entity, A.self]?.n == 10_001)
        #expect(world[entity, B.self]?.n == 10_010)
        #expect(world[entity, C.self]?.n == 10_100)
        #expect(world[entity, D.self]?.n == 11_000)
    }

    @Test func sixTerms() {
        var sum = 0
        world.query(Read<A>.self, Read<B>.self, Read<C>.self, Read<D>.self, Read<E>.self, Read<F>.self)
            .forEach { a, b, c, d, e, f in sum += a.n + b.n + c.n + d.n + e.n + f.n }
        #expect(sum == 111_111)
        world.query(Write<A>.self, Write<B>.self, Write<C>.self, Write<D>.self, Write<E>.self, Write<F>.self)
            .forEach { a, b, c, d, e, f in (a.n, b.n, c.n, d.n, e.n, f.n) = (f.n, e.n, d.n, c.n, b.n, a.n) }
        #expect(world[entity, A.self]?.n == 100_000)
        #expect(world[entity, F.self]?.n == 1)
    }
}
