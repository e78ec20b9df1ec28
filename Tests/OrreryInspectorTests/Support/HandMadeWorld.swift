import OrreryInspector
import OrreryQuery
import OrrerySchema
import OrreryStore

/// A store that is filled by hand: components and values, without types.
struct HandMadeWorld {
    let store: ComponentStore
    let shown: ShownComponents
    private let query: Query

    init(_ components: [(String, FieldType)], query: InspectorQuery = .all) throws {
        let schemas = try components.map { try ComponentSchema(name: $0.0, type: $0.1) }
        store = ComponentStore(schemas: schemas)
        store.advance(to: Tick(1))
        shown = try query.resolved(in: store.table)
        self.query = try Query(query.queryText, entities: query.entities, in: store.table)
    }

    /// The entities that match, as a server says.
    var entities: [Entity] { query.members(of: store).indexes.compactMap { store.entity(at: $0) } }

    @discardableResult
    func add(_ index: UInt32, generation: UInt32 = 1, _ values: [String: DynamicValue] = [:]) throws -> Entity {
        let entity = Entity(index: index, generation: generation)
        store.spawn(entity)
        for (name, value) in values {
            guard let entry = store.table[name], let schema = entry.schema else { continue }
            store[entry.column].set(index, to: try value.encoded(as: schema.type), at: store.tick)
        }
        return entity
    }

    var json: String {
        var format = JSONFormat(shown.components)
        return text { out in for entity in entities { format.append(entity, of: store, to: &out) } }
    }

    var csv: String {
        var format = CSVFormat(shown.components)
        return text { out in
            format.appendHeader(to: &out)
            for entity in entities { format.append(entity, of: store, to: &out) }
        }
    }

    var table: String {
        var format = TableFormat(shown.present(in: store))
        return text { out in format.table(of: entities[...], in: store).append(to: &out) }
    }
}

func text(_ body: (inout [UInt8]) -> Void) -> String {
    var out: [UInt8] = []
    body(&out)
    return String(decoding: out, as: UTF8.self)
}

/// The JSON of one value.
func json(_ value: DynamicValue, as type: FieldType) throws -> String {
    let world = try HandMadeWorld([("C", type)])
    try world.add(0, ["C": value])
    return String(world.json.dropFirst(#"{"entity":"0v1","C":"#.count).dropLast(2))
}

let position = FieldType.structure([
    Field("x", .scalar(.double), unit: "km"), Field("y", .scalar(.double), unit: "km"), Field("z", .scalar(.double)),
])

func positionValue(_ x: Double, _ y: Double, _ z: Double) -> DynamicValue {
    .structure([.init("x", .double(x)), .init("y", .double(y)), .init("z", .double(z))])
}
