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

extension World {
    /// Runs a schedule.
    /// - Returns: the change logs of its ticks, one behind the other.
    func run(_ schedule: Schedule, tickCount: Int) -> [UInt8] {
        let log = ChangeLog()
        var bytes: [UInt8] = []
        for _ in 0..<tickCount {
            schedule.runTick(on: self, step: .milliseconds(50))
            drainChanges(into: log)
            bytes += log.bytes
            log.reset()
            _checkInvariants()
        }
        return bytes
    }
}
