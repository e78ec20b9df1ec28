/// Identifies one entity: a slot in the world, and the generation of that slot.
///
/// Slots are reused after a despawn, generations are not. So an `Entity` kept from an earlier generation is recognised
/// as dead. On the wire: index, then generation, each 32 bits little-endian. In text: `12v3` (index 12, generation 3).
public struct Entity: Hashable, Sendable, BitwiseCopyable {
    /// The slot, counted from 0.
    public let index: UInt32
    /// The generation of the slot, counted from 1; 0 never names a living entity.
    public let generation: UInt32

    /// Creates the entity of this index and generation, whether it is alive or not.
    @inlinable
    public init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// No entity: the default of entity-valued fields. In text `-`.
    @inlinable public static var none: Entity { Entity(index: .max, generation: 0) }

    /// Stands for a resource among the entities of a column, inside this process: its row is 0, and no entity has its
    /// generation. Elsewhere a resource belongs to ``none``.
    package static var resource: Entity { Entity(index: 0, generation: 0) }

    /// What a server shows of itself at a row, which belongs to no world: worlds have no generation 0.
    package init(statusRow row: UInt32) { self.init(index: row, generation: 0) }

    /// The row, if it is something that a server shows of itself.
    package var statusRow: UInt32? { generation == 0 && self != .none ? index : nil }
}

extension Entity: Comparable {
    /// Orders by index, then by generation.
    @inlinable
    public static func < (left: Entity, right: Entity) -> Bool {
        (left.index, left.generation) < (right.index, right.generation)
    }
}

extension Entity: LosslessStringConvertible {
    public var description: String { self == .none ? "-" : "\(index)v\(generation)" }

    /// Reads `12v3`, or `-` for ``none``; `nil` for anything else.
    public init?(_ description: String) {
        if description == "-" {
            self = .none
            return
        }
        let halves = description.split(separator: "v", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, let index = UInt32(halves[0]), let generation = UInt32(halves[1]) else { return nil }
        self.init(index: index, generation: generation)
    }
}

extension Entity: Codable {
    /// Encodes the text form, for formats other than Orrery's own.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let entity = Entity(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no entity; it is written as 12v3 (index v generation)")
        }
        self = entity
    }
}
