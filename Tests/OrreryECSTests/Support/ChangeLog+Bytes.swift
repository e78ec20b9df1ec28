import OrreryECS
import OrrerySchema

extension ChangeLog {
    /// All that it holds, in its order.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ entities: some Sequence<Entity>) {
            for entity in entities {
                withUnsafeBytes(of: (entity.index, entity.generation)) { bytes += $0 }
            }
        }
        append(despawned)
        append(spawned)
        append(removed.map(\.entity))
        append(replaced.map(\.entity))
        for column in columns {
            bytes.append(UInt8(column.component.rawValue))
            append(column.entities)
            if let rows = column.rows {
                bytes += UnsafeRawBufferPointer(start: rows, count: column.count * column.stride)
            }
        }
        return bytes
    }
}
