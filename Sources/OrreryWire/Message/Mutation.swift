package import OrrerySchema
package import OrreryStore

/// Identifies a mutation of one client: counted from 1, never reused. A mutation of a client has at most one effect.
package struct MutationSequence: NumberedID {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// One change that a client asks for.
package struct Mutation: Hashable, Sendable {
    /// A value of a component, in wire form.
    package struct ComponentValue: Hashable, Sendable {
        package var column: ColumnID
        package var bytes: [UInt8]

        package init(_ column: ColumnID, _ bytes: [UInt8]) {
            self.column = column
            self.bytes = bytes
        }
    }

    /// The value of one field.
    package struct FieldValue: Hashable, Sendable {
        /// The path to the field: positions of fields, from the outermost; structures only.
        package var path: [Int]
        package var bytes: [UInt8]

        package init(path: [Int], bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    /// A new value of one field.
    package struct FieldPatch: Hashable, Sendable {
        package var field: FieldValue
        /// The mutation is refused unless the field has this value.
        package var expected: [UInt8]?

        package init(path: [Int], bytes: [UInt8], expected: [UInt8]? = nil) {
            field = FieldValue(path: path, bytes: bytes)
            self.expected = expected
        }
    }

    /// A component that an entity is to get.
    package struct NewComponent: Hashable, Sendable {
        package enum Content: Hashable, Sendable {
            /// The whole value.
            case whole([UInt8])
            /// Some fields; the server takes the others from the component's default value.
            case fields([FieldValue])
        }

        package var column: ColumnID
        package var content: Content

        package init(_ column: ColumnID, _ content: Content) {
            self.column = column
            self.content = content
        }

        package init(_ column: ColumnID, _ bytes: [UInt8]) {
            self.init(column, .whole(bytes))
        }
    }

    package enum Operation: Hashable, Sendable {
        /// Writes a component that the entity has. If `expected` is set, it is refused unless the component has that
        /// value.
        case set(Entity, ComponentValue, expected: [UInt8]?)
        /// Writes some fields of a component that the entity has.
        case patch(Entity, ColumnID, [FieldPatch])
        /// Adds a component to the entity, or overwrites the one that it has.
        case insert(Entity, NewComponent)
        case remove(Entity, ColumnID)
        /// Spawns an entity with these components.
        case spawn([NewComponent])
        case despawn(Entity)
    }

    package var sequence: MutationSequence
    /// The life of the world that the client showed when it made the mutation.
    package var epoch: Epoch
    package var operation: Operation

    package init(sequence: MutationSequence, epoch: Epoch, operation: Operation) {
        self.sequence = sequence
        self.epoch = epoch
        self.operation = operation
    }
}

extension Mutation.Operation {
    /// The components of a spawn, or the most fields of a patch or of a new component, whichever is more.
    package var partCount: Int {
        switch self {
        case .patch(_, _, let patches): patches.count
        case .insert(_, let component): component.fieldCount
        case .spawn(let components): components.reduce(components.count) { max($0, $1.fieldCount) }
        case .set, .remove, .despawn: 0
        }
    }

    /// The bytes of its longest value.
    package var longestValueSize: Int {
        switch self {
        case .set(_, let value, let expected): max(value.bytes.count, expected?.count ?? 0)
        case .patch(_, _, let patches):
            patches.reduce(0) { max($0, $1.field.bytes.count, $1.expected?.count ?? 0) }
        case .insert(_, let component): component.longestValueSize
        case .spawn(let components): components.reduce(0) { max($0, $1.longestValueSize) }
        case .remove, .despawn: 0
        }
    }
}

extension Mutation.NewComponent {
    fileprivate var fieldCount: Int {
        if case .fields(let fields) = content { fields.count } else { 0 }
    }

    fileprivate var longestValueSize: Int {
        switch content {
        case .whole(let bytes): bytes.count
        case .fields(let fields): fields.reduce(0) { max($0, $1.bytes.count) }
        }
    }
}

/// The outcome of a mutation. Each mutation has exactly one.
package enum MutationOutcome: Hashable, Sendable {
    /// It took effect at the beginning of this tick, and spawned these entities.
    case applied(Tick, entities: [Entity])
    case refused(Refusal)
}

/// The outcome of one mutation, with its sequence number.
package struct MutationAnswer: Hashable, Sendable {
    package var sequence: MutationSequence
    package var outcome: MutationOutcome

    package init(sequence: MutationSequence, outcome: MutationOutcome) {
        self.sequence = sequence
        self.outcome = outcome
    }
}

/// The sections of `Mutate`, one per operation; they must be understood.
private enum OperationSection {
    static let set: UInt8 = 1
    static let patch: UInt8 = 2
    static let insert: UInt8 = 3
    static let remove: UInt8 = 4
    static let spawn: UInt8 = 5
    static let despawn: UInt8 = 6
}

private enum NewComponentForm {
    static let whole: UInt8 = 0
    static let fields: UInt8 = 1
}

extension ByteWriter {
    mutating func append(_ mutation: Mutation) {
        append(varint: mutation.sequence.rawValue)
        append(integer: mutation.epoch.rawValue)
        switch mutation.operation {
        case .set(let entity, let value, let expected):
            appendOperation(OperationSection.set) {
                $0.append(entity)
                $0.append(varint: value.column.rawValue)
                $0.append(sized: value.bytes)
                $0.append(optional: expected)
            }
        case .patch(let entity, let column, let patches):
            appendOperation(OperationSection.patch) {
                $0.append(entity)
                $0.append(varint: column.rawValue)
                $0.append(varint: patches.count)
                for patch in patches {
                    $0.append(patch.field)
                    $0.append(optional: patch.expected)
                }
            }
        case .insert(let entity, let component):
            appendOperation(OperationSection.insert) {
                $0.append(entity)
                $0.append(component)
            }
        case .remove(let entity, let column):
            appendOperation(OperationSection.remove) {
                $0.append(entity)
                $0.append(varint: column.rawValue)
            }
        case .spawn(let components):
            appendOperation(OperationSection.spawn) {
                $0.append(varint: components.count)
                for component in components { $0.append(component) }
            }
        case .despawn(let entity): appendOperation(OperationSection.despawn) { $0.append(entity) }
        }
    }

    private mutating func appendOperation(_ number: UInt8, _ body: (inout ByteWriter) -> Void) {
        appendSection(number | SectionKind.mustBeUnderstood, body)
    }

    mutating func append(_ answer: MutationAnswer, limits: WireLimits) {
        append(varint: answer.sequence.rawValue)
        switch answer.outcome {
        case .applied(let tick, let entities):
            append(0)
            append(varint: tick.rawValue)
            append(varint: entities.count)
            for entity in entities { append(entity) }
        case .refused(let refusal):
            append(refusal.code.rawValue)
            append(reason: refusal.reason, sizeMax: limits.reasonSizeMax)
            append(optional: refusal.current.flatMap { $0.count <= limits.valueSizeMax ? $0 : nil })
        }
    }

    private mutating func append(_ field: Mutation.FieldValue) {
        append(varint: field.path.count)
        for position in field.path { append(varint: position) }
        append(sized: field.bytes)
    }

    private mutating func append(_ component: Mutation.NewComponent) {
        append(varint: component.column.rawValue)
        switch component.content {
        case .whole(let bytes):
            append(NewComponentForm.whole)
            append(sized: bytes)
        case .fields(let fields):
            append(NewComponentForm.fields)
            append(varint: fields.count)
            for field in fields { append(field) }
        }
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
    /// - Returns: A refusal if the mutation's operation is not understood.
    mutating func readMutation(limits: WireLimits) throws(CodecError) -> ClientMessage {
        let sequence = MutationSequence(try readVarint())
        guard sequence.rawValue > 0 else { throw CodecError(.outOfDomain, at: offset, "mutations are counted from 1") }
        let epoch = Epoch(try read(UInt64.self))
        var operation: Mutation.Operation?
        var count = 0
        let operations = OperationSection.set...OperationSection.despawn
        let notUnderstood = try readSections(repeated: operations) { (number, content) throws(CodecError) in
            guard let next = try content.readOperation(number, limits: limits) else { return false }
            operation = next
            count += 1
            return true
        }
        if let notUnderstood { return .refused(.mutate(sequence, epoch), .notUnderstood(notUnderstood)) }
        guard let operation else {
            return .refused(.mutate(sequence, epoch), Refusal(.undecodable, "a mutation without an operation"))
        }
        guard count == 1 else {
            return .refused(
                .mutate(sequence, epoch), Refusal(.notSupported, "\(count) operations in one mutation; send one each"))
        }
        return .mutate(Mutation(sequence: sequence, epoch: epoch, operation: operation))
    }

    private mutating func readOperation(
        _ number: UInt8, limits: WireLimits
    ) throws(CodecError) -> Mutation.Operation? {
        switch number {
        case OperationSection.set:
            return .set(
                try readEntity(),
                .init(try readColumn(limits: limits), try readSizedBytes(limits: limits)),
                expected: try readOptionalBytes(limits: limits))
        case OperationSection.patch:
            let (entity, column) = (try readEntity(), try readColumn(limits: limits))
            var patches: [Mutation.FieldPatch] = []
            for _ in 0..<(try readPartCount(limits, "the fields of a patch")) {
                let field = try readField(limits: limits)
                patches.append(
                    .init(path: field.path, bytes: field.bytes, expected: try readOptionalBytes(limits: limits)))
            }
            return .patch(entity, column, patches)
        case OperationSection.insert: return .insert(try readEntity(), try readNewComponent(limits: limits))
        case OperationSection.remove: return .remove(try readEntity(), try readColumn(limits: limits))
        case OperationSection.spawn:
            var components: [Mutation.NewComponent] = []
            for _ in 0..<(try readPartCount(limits, "the components of a spawn")) {
                components.append(try readNewComponent(limits: limits))
            }
            return .spawn(components)
        case OperationSection.despawn: return .despawn(try readEntity())
        default: return nil
        }
    }

    mutating func readAnswers(limits: WireLimits) throws(CodecError) -> [MutationAnswer] {
        let start = offset
        let count = try readVarint()
        guard count > 0 else { throw CodecError(.outOfDomain, at: start, "an answer to no mutation") }
        // The shortest answer is a number, a code, a tick and no entities.
        guard count <= UInt64(remaining / 4) else {
            throw CodecError(.truncated, at: start, "\(count) outcomes are announced in \(remaining) bytes")
        }
        var answers: [MutationAnswer] = []
        for _ in 0..<count {
            answers.append(
                MutationAnswer(sequence: MutationSequence(try readVarint()), outcome: try readOutcome(limits: limits)))
        }
        return answers
    }

    private mutating func readOutcome(limits: WireLimits) throws(CodecError) -> MutationOutcome {
        let code = RefusalCode(rawValue: try readByte())
        guard code.rawValue != 0 else {
            let tick = Tick(try readVarint())
            return .applied(tick, entities: try readEntities())
        }
        let reason = try readString(byteCountMax: limits.reasonSizeMax)
        return .refused(Refusal(code, reason, current: try readOptionalBytes(limits: limits)))
    }

    private mutating func readEntities() throws(CodecError) -> [Entity] {
        let start = offset
        let count = try readVarint()
        guard count <= UInt64(remaining / 8) else {
            throw CodecError(.truncated, at: start, "\(count) entities are announced in \(remaining) bytes")
        }
        var entities: [Entity] = []
        for _ in 0..<count { entities.append(try readEntity()) }
        return entities
    }

    private mutating func readPartCount(_ limits: WireLimits, _ name: String) throws(CodecError) -> Int {
        try readCount(max: limits.mutationPartCountMax, name)
    }

    private mutating func readField(limits: WireLimits) throws(CodecError) -> Mutation.FieldValue {
        var path: [Int] = []
        for _ in 0..<(try readCount(max: limits.schema.depthMax, "the depth of a field")) {
            path.append(try readCount(max: limits.schema.fieldCountMax, "the position of a field"))
        }
        return Mutation.FieldValue(path: path, bytes: try readSizedBytes(limits: limits))
    }

    private mutating func readNewComponent(limits: WireLimits) throws(CodecError) -> Mutation.NewComponent {
        let column = try readColumn(limits: limits)
        switch try readByte() {
        case NewComponentForm.whole: return .init(column, .whole(try readSizedBytes(limits: limits)))
        case NewComponentForm.fields:
            var fields: [Mutation.FieldValue] = []
            for _ in 0..<(try readPartCount(limits, "the fields of a new component")) {
                fields.append(try readField(limits: limits))
            }
            return .init(column, .fields(fields))
        case let form: throw CodecError(.outOfDomain, at: offset - 1, "\(form) is no form of a new component")
        }
    }

    mutating func readSizedBytes(limits: WireLimits) throws(CodecError) -> [UInt8] {
        Array(try readBytes(try readCount(max: limits.valueSizeMax, "the bytes of a value")))
    }

    private mutating func readOptionalBytes(limits: WireLimits) throws(CodecError) -> [UInt8]? {
        try readFlag() ? try readSizedBytes(limits: limits) : nil
    }
}
