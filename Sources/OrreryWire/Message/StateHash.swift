public import OrrerySchema
package import OrreryStore

/// A number that stands for all that a query shows at a tick: its members, their components and the bytes of these.
///
/// It is a sum over its items, so it does not depend on their order. docs/PROTOCOL.md, section 19, defines it. It finds
/// faults; it is no protection against somebody who makes up bytes.
public struct StateHash: Hashable, Sendable, CustomStringConvertible {
    /// The sum of the hashes of the items.
    public private(set) var value: UInt64 = 0
    /// The members and cells that are in the sum.
    public private(set) var itemCount = 0

    package init() {}

    package init(value: UInt64, itemCount: Int) {
        self.value = value
        self.itemCount = itemCount
    }

    /// As 16 hexadecimal digits, and the number of items.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + " of \(itemCount) items"
    }

    /// Adds a member of the query.
    package mutating func add(member entity: Entity) {
        value &+= Self.mixed(Self.mixed(entity.word) ^ .max)
        itemCount += 1
    }

    /// Adds a cell: the component of a member, or a resource, which is that of no entity.
    package mutating func add(_ entity: Entity, _ column: ColumnID, _ bytes: UnsafeRawBufferPointer) {
        var hash = Self.mixed(Self.mixed(entity.word) ^ (UInt64(column.rawValue) << 32 | UInt64(bytes.count)))
        var position = 0
        while position + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            hash = Self.mixed(hash ^ word)
            position += 8
        }
        if position < bytes.count {
            var word: UInt64 = 0
            for offset in position..<bytes.count { word |= UInt64(bytes[offset]) << (8 * UInt64(offset - position)) }
            hash = Self.mixed(hash ^ word)
        }
        value &+= hash
        itemCount += 1
    }

    /// Source: the finaliser of SplitMix64 (Stafford's variant 13 of MurmurHash3's).
    private static func mixed(_ word: UInt64) -> UInt64 {
        var word = word
        word = (word ^ word &>> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word &>> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word &>> 31
    }

    /// Adds the cells of a component.
    /// - Parameter rows: Rows of the column, of living entities if it is a component of the world.
    /// - Complexity: O(bytes).
    package mutating func add(_ rows: RowSet, of column: ColumnID, in store: ComponentStore) {
        let values = store[column]
        guard let size = values.valueSize, values.rowKind == .entities else {
            rows.forEach { row in
                guard let entity = store.owner(of: row, in: values) else { return }
                values.withValue(of: row) { add(entity, column, $0) }
            }
            return
        }
        rows.forEachRun { first, count in
            store.entities.withValues(from: first, count: count) { generations in
                values.withValues(from: first, count: count) { bytes in
                    for position in 0..<count {
                        let generation = UInt32(
                            littleEndian: generations.loadUnaligned(fromByteOffset: 4 * position, as: UInt32.self))
                        add(
                            Entity(index: first + UInt32(position), generation: generation), column,
                            UnsafeRawBufferPointer(rebasing: bytes[position * size..<(position + 1) * size]))
                    }
                }
            }
        }
    }
}

extension Entity {
    /// Its bytes on the wire, as one little-endian number.
    fileprivate var word: UInt64 { UInt64(generation) << 32 | UInt64(index) }
}

/// A tick at which a client did not have what the server showed it.
public struct StateDifference: Hashable, Sendable, CustomStringConvertible {
    /// The tick that was compared.
    public let tick: Tick
    /// The hash of what the server shows.
    public let server: StateHash
    /// The hash of what the client had.
    public let client: StateHash

    package init(tick: Tick, server: StateHash, client: StateHash) {
        self.tick = tick
        self.server = server
        self.client = client
    }

    public var description: String { "at tick \(tick) the server has \(server), this client \(client)" }
}

/// The answer to a Verify.
package enum VerifyOutcome: Hashable, Sendable {
    /// The session was sent everything up to the tick, and what its query shows then has this hash.
    case hash(StateHash, at: Tick)
    case refused(Refusal)
}

extension ByteWriter {
    mutating func append(_ id: SubscriptionID, _ outcome: VerifyOutcome, _ limits: WireLimits) {
        append(ServerMessageKind.verifyResponse)
        switch outcome {
        case .hash(let hash, let tick):
            append(id, Optional<Refusal>.none, limits)
            append(varint: tick.rawValue)
            append(integer: hash.value)
            append(varint: hash.itemCount)
        case .refused(let refusal): append(id, refusal, limits)
        }
    }
}

extension ByteReader {
    mutating func readVerifyOutcome(limits: WireLimits) throws(CodecError) -> VerifyOutcome {
        if let refusal = try readRefusal(limits: limits) { return .refused(refusal) }
        let tick = Tick(try readVarint())
        let value = try read(UInt64.self)
        return .hash(StateHash(value: value, itemCount: try readCount(max: .max, "the items of a hash")), at: tick)
    }
}
