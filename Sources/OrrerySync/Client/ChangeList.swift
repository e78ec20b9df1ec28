package import OrrerySchema
import OrreryStore

/// Changes in the order in which they happened, with the components that they concern, which may belong to a life that
/// is over.
package struct ChangeList: RandomAccessCollection, Sendable {
    fileprivate struct Record: Sendable {
        var cause: Change.Cause
        var entity: Entity
        /// Position in ``components``; -1 for the entity itself.
        var component: Int32
        var old = Value.none
        var new = Value.none
    }

    /// The place of a value in ``bytes``.
    fileprivate struct Value: Sendable {
        var start: Int
        /// -1 for no value.
        var count: Int32

        static let none = Value(start: 0, count: -1)
        var range: Range<Int>? { count < 0 ? nil : start..<start + Int(count) }
    }

    private var records: [Record] = []
    private var bytes: [UInt8] = []
    /// Those that the changes concern.
    private(set) var components: [ComponentTable.Entry] = []
    /// Position in `components`, by component number.
    private var positions: [ColumnID: Int32] = [:]

    package init() {}

    /// Bytes of one change without its values.
    static let changeSize = MemoryLayout<Record>.stride

    /// Bytes that the changes take.
    /// - Complexity: O(1).
    var byteCount: Int { records.count * Self.changeSize + bytes.count }

    package var startIndex: Int { 0 }
    package var endIndex: Int { records.count }

    package subscript(position: Int) -> Change {
        let record = records[position]
        let component = record.component < 0 ? nil : components[Int(record.component)]
        return Change(
            record.cause, record.entity, component: component?.name, schema: component?.schema,
            old: record.old.range.map { bytes[$0] }, new: record.new.range.map { bytes[$0] })
    }

    /// Calls `body` with the changes of one component, in order.
    func forEach(of component: String, _ body: (Change) -> Void) {
        let wanted = Set(components.indices.filter { components[$0].name == component }.map(Int32.init))
        guard !wanted.isEmpty else { return }
        for position in records.indices where wanted.contains(records[position].component) { body(self[position]) }
    }

    /// Adds a change of the entity itself.
    mutating func append(_ cause: Change.Cause, _ entity: Entity) {
        records.append(Record(cause: cause, entity: entity, component: -1))
    }

    /// Adds a change of a component of an entity.
    mutating func append(
        _ cause: Change.Cause, _ entity: Entity, _ entry: ComponentTable.Entry, old: UnsafeRawBufferPointer? = nil,
        new: UnsafeRawBufferPointer? = nil
    ) {
        append(cause, entity, component: position(of: entry), old: old, new: new)
    }

    /// Adds a change of a component, as one of many changes of the same component.
    /// - Parameter component: Its ``position(of:)`` in this list.
    mutating func append(
        _ cause: Change.Cause, _ entity: Entity, component: Int32, old: UnsafeRawBufferPointer? = nil,
        new: UnsafeRawBufferPointer? = nil
    ) {
        records.append(
            Record(
                cause: cause, entity: entity, component: component, old: old.map { keep($0) } ?? .none,
                new: new.map { keep($0) } ?? .none))
    }

    /// Adds new values of a component of fixed size, for consecutive entities.
    /// - Parameters:
    ///   - generations: The generations of the entities, as a store has them.
    ///   - component: Its ``position(of:)`` in this list.
    ///   - old: The old values of all of them, one after the other.
    mutating func append(
        setFrom first: UInt32, generations: UnsafeRawBufferPointer, component: Int32, valueSize: Int,
        old: UnsafeRawBufferPointer, new: UnsafeRawBufferPointer
    ) {
        let (oldStart, newStart) = (bytes.count, bytes.count + old.count)
        bytes.append(contentsOf: old)
        bytes.append(contentsOf: new)
        for position in 0..<generations.count / 4 {
            let generation = UInt32(
                littleEndian: generations.loadUnaligned(fromByteOffset: position * 4, as: UInt32.self))
            records.append(
                Record(
                    cause: .set, entity: Entity(index: first + UInt32(position), generation: generation),
                    component: component,
                    old: Value(start: oldStart + position * valueSize, count: Int32(valueSize)),
                    new: Value(start: newStart + position * valueSize, count: Int32(valueSize))))
        }
    }

    /// The position of a component among those that the changes concern.
    mutating func position(of entry: ComponentTable.Entry) -> Int32 {
        if let position = positions[entry.column], components[Int(position)] == entry { return position }
        components.append(entry)
        positions[entry.column] = Int32(components.count - 1)
        return Int32(components.count - 1)
    }

    private mutating func keep(_ value: some Collection<UInt8>) -> Value {
        let start = bytes.count
        bytes.append(contentsOf: value)
        return Value(start: start, count: Int32(bytes.count - start))
    }

    private mutating func keep(_ value: Value, of list: ChangeList) -> Value {
        value.range.map { keep(list.bytes[$0]) } ?? .none
    }

    static func += (left: inout ChangeList, right: ChangeList) {
        guard !right.isEmpty else { return }
        left = left.isEmpty ? right : left.followed(by: right, merging: false)
    }

    private struct CellKey: Hashable {
        var entity: Entity
        var component: Int32
    }

    /// Merges these changes with the following ones: of several values of one cell that directly follow one another,
    /// the first old and the last new one stay.
    func merged(with next: ChangeList) -> ChangeList { followed(by: next, merging: true) }

    private func followed(by next: ChangeList, merging: Bool) -> ChangeList {
        var result = ChangeList()
        var positions: [CellKey: Int] = [:]
        for list in [self, next] {
            for record in list.records {
                let entry = record.component < 0 ? nil : list.components[Int(record.component)]
                let component = entry.map { result.position(of: $0) } ?? -1
                let key = CellKey(entity: record.entity, component: component)
                if merging, record.cause == .set, let position = positions[key] {
                    result.records[position].new = result.keep(record.new, of: list)
                    continue
                }
                // A value that is set after the cell was gone belongs to another life of the cell.
                positions[key] = record.cause.isShown ? result.records.count : nil
                result.records.append(
                    Record(
                        cause: record.cause, entity: record.entity, component: component,
                        old: result.keep(record.old, of: list), new: result.keep(record.new, of: list)))
            }
        }
        return result
    }
}
