public import OrrerySchema
public import OrreryStore

/// Names a mutation of one client: counted from 1, not used twice. Together with the client it has at most one effect.
public struct MutationSequence: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: MutationSequence, right: MutationSequence) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}

/// One thing that a client wants changed.
public struct Mutation: Hashable, Sendable {
    /// A value of a component, in wire form.
    public struct ComponentValue: Hashable, Sendable {
        public var column: ColumnID
        public var bytes: [UInt8]

        public init(_ column: ColumnID, _ bytes: [UInt8]) {
            self.column = column
            self.bytes = bytes
        }
    }

    /// A new value of one field.
    public struct FieldPatch: Hashable, Sendable {
        /// Positions of the fields that lead to it, from the outermost; structures only.
        public var path: [Int]
        public var bytes: [UInt8]
        /// The mutation is refused unless the field has this value.
        public var expected: [UInt8]?

        public init(path: [Int], bytes: [UInt8], expected: [UInt8]? = nil) {
            self.path = path
            self.bytes = bytes
            self.expected = expected
        }
    }

    public enum Operation: Hashable, Sendable {
        /// Writes a component that the entity has. Refused, if `expected` is stated, unless it has that value.
        case set(Entity, ComponentValue, expected: [UInt8]?)
        /// Writes some fields of a component that the entity has.
        case patch(Entity, ColumnID, [FieldPatch])
        /// Gives the entity a component, or writes the one that it has.
        case insert(Entity, ComponentValue)
        case remove(Entity, ColumnID)
        /// Makes an entity of these components.
        case spawn([ComponentValue])
        case despawn(Entity)
    }

    public var sequence: MutationSequence
    /// The life of the world that the client showed when it wanted this.
    public var epoch: Epoch
    public var operation: Operation

    public init(sequence: MutationSequence, epoch: Epoch, operation: Operation) {
        self.sequence = sequence
        self.epoch = epoch
        self.operation = operation
    }
}

/// Why a mutation had no effect, or why its effect is not known.
public enum MutationRefusalCode: UInt8, Sendable, CaseIterable {
    /// The entity is not alive.
    case unknownEntity = 1
    /// There is no such component, or the entity does not have it.
    case unknownComponent = 2
    /// The bytes are no value of the component's schema.
    case undecodable = 3
    /// A value that the component's type does not have.
    case outOfDomain = 4
    /// Clients may not write this component, or spawn, or despawn.
    case notWritable = 5
    /// The rule of the component said no.
    case forbidden = 6
    /// The value is not the expected one.
    case compareFailed = 7
    /// It was first sent to another life of the world, or too long ago: it may have had its effect, or not.
    case outcomeUnknown = 8
    /// Too many at a time. It had no effect and may be sent again.
    case limitReached = 9
}

/// A mutation that was not applied.
public struct MutationRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var code: MutationRefusalCode
    public var reason: String
    /// The bytes that the component has, where that is what the refusal is about.
    public var current: [UInt8]?

    public init(_ code: MutationRefusalCode, _ reason: String, current: [UInt8]? = nil) {
        self.code = code
        self.reason = reason
        self.current = current
    }

    public var description: String { reason }
}

/// What became of a mutation. Each has exactly one.
public enum MutationOutcome: Hashable, Sendable {
    /// It took effect at the beginning of this tick; `spawned` is the entity that it made.
    case applied(Tick, spawned: Entity?)
    case refused(MutationRefusal)
}

private enum OperationKind {
    static let set: UInt8 = 1
    static let patch: UInt8 = 2
    static let insert: UInt8 = 3
    static let remove: UInt8 = 4
    static let spawn: UInt8 = 5
    static let despawn: UInt8 = 6
}

extension ByteWriter {
    mutating func append(_ mutation: Mutation) {
        append(varint: mutation.sequence.rawValue)
        append(integer: mutation.epoch.rawValue)
        switch mutation.operation {
        case .set(let entity, let value, let expected):
            append(OperationKind.set)
            append(entity)
            append(value)
            append(optional: expected)
        case .patch(let entity, let column, let patches):
            append(OperationKind.patch)
            append(entity)
            append(varint: column.rawValue)
            append(varint: patches.count)
            for patch in patches {
                append(varint: patch.path.count)
                for position in patch.path { append(varint: position) }
                append(sized: patch.bytes)
                append(optional: patch.expected)
            }
        case .insert(let entity, let value):
            append(OperationKind.insert)
            append(entity)
            append(value)
        case .remove(let entity, let column):
            append(OperationKind.remove)
            append(entity)
            append(varint: column.rawValue)
        case .spawn(let values):
            append(OperationKind.spawn)
            append(varint: values.count)
            for value in values { append(value) }
        case .despawn(let entity):
            append(OperationKind.despawn)
            append(entity)
        }
    }

    mutating func append(_ sequence: MutationSequence, _ outcome: MutationOutcome) {
        append(varint: sequence.rawValue)
        switch outcome {
        case .applied(let tick, let spawned):
            append(0)
            append(varint: tick.rawValue)
            append(spawned == nil ? 0 : 1)
            if let spawned { append(spawned) }
        case .refused(let refusal):
            append(refusal.code.rawValue)
            append(string: refusal.reason)
            append(optional: refusal.current)
        }
    }

    private mutating func append(_ value: Mutation.ComponentValue) {
        append(varint: value.column.rawValue)
        append(sized: value.bytes)
    }

    mutating func append(sized bytes: [UInt8]) {
        append(varint: bytes.count)
        append(contentsOf: bytes)
    }

    private mutating func append(optional bytes: [UInt8]?) {
        append(bytes == nil ? 0 : 1)
        if let bytes { append(sized: bytes) }
    }
}

extension ByteReader {
    mutating func readMutation(limits: WireLimits) throws(CodecError) -> Mutation {
        let sequence = MutationSequence(try readVarint())
        guard sequence.rawValue > 0 else { throw CodecError(.outOfDomain, at: offset, "mutations are counted from 1") }
        let epoch = Epoch(try read(UInt64.self))
        return Mutation(sequence: sequence, epoch: epoch, operation: try readOperation(limits: limits))
    }

    private mutating func readOperation(limits: WireLimits) throws(CodecError) -> Mutation.Operation {
        switch try readByte() {
        case OperationKind.set:
            return .set(
                try readEntity(), try readComponentValue(limits: limits),
                expected: try readOptionalBytes(limits: limits))
        case OperationKind.patch:
            let (entity, column) = (try readEntity(), try readColumn(limits: limits))
            var patches: [Mutation.FieldPatch] = []
            for _ in 0..<(try readPartCount(limits, "the fields of a patch")) {
                var path: [Int] = []
                for _ in 0..<(try readCount(max: limits.schema.depthMax, "the depth of a field")) {
                    path.append(try readCount(max: limits.schema.fieldCountMax, "the position of a field"))
                }
                patches.append(
                    .init(
                        path: path, bytes: try readSizedBytes(limits: limits),
                        expected: try readOptionalBytes(limits: limits)))
            }
            return .patch(entity, column, patches)
        case OperationKind.insert: return .insert(try readEntity(), try readComponentValue(limits: limits))
        case OperationKind.remove: return .remove(try readEntity(), try readColumn(limits: limits))
        case OperationKind.spawn:
            var values: [Mutation.ComponentValue] = []
            for _ in 0..<(try readPartCount(limits, "the components of a spawn")) {
                values.append(try readComponentValue(limits: limits))
            }
            return .spawn(values)
        case OperationKind.despawn: return .despawn(try readEntity())
        case let kind: throw CodecError(.outOfDomain, at: offset - 1, "\(kind) is no kind of mutation")
        }
    }

    mutating func readOutcome(limits: WireLimits) throws(CodecError) -> (MutationSequence, MutationOutcome) {
        let sequence = MutationSequence(try readVarint())
        let byte = try readByte()
        guard byte != 0 else {
            let tick = Tick(try readVarint())
            return (sequence, .applied(tick, spawned: try readFlag() ? try readEntity() : nil))
        }
        guard let code = MutationRefusalCode(rawValue: byte) else {
            throw CodecError(.outOfDomain, at: offset - 1, "\(byte) is no code of a refused mutation")
        }
        let reason = try readString(byteCountMax: limits.reasonSizeMax)
        return (sequence, .refused(MutationRefusal(code, reason, current: try readOptionalBytes(limits: limits))))
    }

    private mutating func readPartCount(_ limits: WireLimits, _ name: String) throws(CodecError) -> Int {
        try readCount(max: limits.mutationPartCountMax, name)
    }

    private mutating func readColumn(limits: WireLimits) throws(CodecError) -> ColumnID {
        ColumnID(try readCount(max: limits.componentCountMax - 1, "a component's number"))
    }

    private mutating func readComponentValue(limits: WireLimits) throws(CodecError) -> Mutation.ComponentValue {
        Mutation.ComponentValue(try readColumn(limits: limits), try readSizedBytes(limits: limits))
    }

    private mutating func readSizedBytes(limits: WireLimits) throws(CodecError) -> [UInt8] {
        Array(try readBytes(try readCount(max: limits.valueSizeMax, "the bytes of a value")))
    }

    private mutating func readOptionalBytes(limits: WireLimits) throws(CodecError) -> [UInt8]? {
        try readFlag() ? try readSizedBytes(limits: limits) : nil
    }
}
