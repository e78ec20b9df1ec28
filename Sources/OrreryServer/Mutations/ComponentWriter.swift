import OrreryECS
import OrrerySchema
import OrreryWire

/// Writes one component of the world for clients, its type forgotten, in two steps: what a client wants is looked at whole, then it takes
/// effect. Between the two lies a value in memory that the caller lends.
///
/// Belongs to the thread that owns the world.
class ComponentWriter {
    /// What is to become of the value that an entity has.
    enum Write {
        /// It is to have this value.
        case set(Mutation.NewComponent.Content, expected: [UInt8]?, mayInsert: Bool)
        case patch([Mutation.FieldPatch])
    }

    /// Of a value in memory.
    let (size, alignment): (Int, Int)

    fileprivate init(size: Int, alignment: Int) {
        (self.size, self.alignment) = (size, alignment)
    }

    /// Looks at a write, and leaves its value at `target`.
    /// - Parameters:
    ///   - entity: alive; `nil` for one that is about to be spawned.
    ///   - target: memory without a value, of `size` and `alignment`.
    /// - Throws: ``Refusal``; then there is no value at `target`.
    /// - Returns: units of work that it took.
    func prepare(
        _ write: Write, on entity: Entity?, by client: ClientIdentity, at target: UnsafeMutableRawPointer
    ) throws(Refusal) -> Int {
        preconditionFailure("of a typed writer")
    }

    /// Looks at a removal.
    func prepareRemoval(from entity: Entity, by client: ClientIdentity) throws(Refusal) {
        preconditionFailure("of a typed writer")
    }

    /// Moves a prepared value into the world.
    func commit(_ value: UnsafeMutableRawPointer, on entity: Entity) throws(WorldError) {
        preconditionFailure("of a typed writer")
    }

    func commitRemoval(from entity: Entity) throws(WorldError) { preconditionFailure("of a typed writer") }

    /// Ends a prepared value that is not wanted any more.
    func discard(_ value: UnsafeMutableRawPointer) { preconditionFailure("of a typed writer") }
}

/// The same, of one type.
final class TypedComponentWriter<C: Component>: ComponentWriter {
    private let coder: ComponentCoder<C>
    private let rule: WriteRule<C>
    private let world: World
    private let values: Accessor<C>
    /// Where values are packed for comparison and patches.
    private var packed = ByteWriter()

    init(_ coder: ComponentCoder<C>, rule: WriteRule<C>, world: World) {
        self.coder = coder
        self.rule = rule
        self.world = world
        values = world.accessor(C.self)
        super.init(size: MemoryLayout<C>.size, alignment: MemoryLayout<C>.alignment)
    }

    override func prepare(
        _ write: Write, on entity: Entity?, by client: ClientIdentity, at target: UnsafeMutableRawPointer
    ) throws(Refusal) -> Int {
        let old = entity.flatMap { values[$0] }
        let new: C
        switch write {
        case .set(let content, let expected, let mayInsert):
            if !mayInsert { _ = try require(old, of: entity) }
            if let expected { try compare(expected, with: old) }
            new = try value(of: content)
        case .patch(let patches):
            new = try patched(try require(old, of: entity), patches.lazy.map { ($0.field, $0.expected) })
        }
        try ask(client, entity, old, new)
        target.initializeMemory(as: C.self, to: new)
        return coder.isBitwise ? 1 : 4 + packed.count / 8
    }

    override func prepareRemoval(from entity: Entity, by client: ClientIdentity) throws(Refusal) {
        try ask(client, entity, try require(values[entity], of: entity), nil)
    }

    override func commit(_ value: UnsafeMutableRawPointer, on entity: Entity) throws(WorldError) {
        try values.insert(value.assumingMemoryBound(to: C.self).move(), on: entity)
    }

    override func commitRemoval(from entity: Entity) throws(WorldError) { try values.remove(from: entity) }

    override func discard(_ value: UnsafeMutableRawPointer) {
        value.assumingMemoryBound(to: C.self).deinitialize(count: 1)
    }

    private func ask(_ client: ClientIdentity, _ entity: Entity?, _ old: C?, _ new: C?) throws(Refusal) {
        switch rule.access {
        case .never: throw Refusal(.notWritable, "\(C.componentName) is read-only for clients")
        case .always: return
        case .judged(let judge):
            let write = ClientWrite(client: client, entity: entity, old: old, new: new, world: world)
            if case .refuse(let reason) = judge(write) {
                throw Refusal(.forbidden, reason, current: old.flatMap { encode($0) ? packed.bytes : nil })
            }
        }
    }

    /// The value of a new component: whole, or some fields of the default value.
    private func value(of content: Mutation.NewComponent.Content) throws(Refusal) -> C {
        switch content {
        case .whole(let bytes): try decode(bytes)
        case .fields(let fields): try patched(C(), fields.lazy.map { ($0, nil) })
        }
    }

    private func decode(_ bytes: [UInt8]) throws(Refusal) -> C {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(CodecError) in try coder.decode(buffer) }
        }
        return try refusing { () throws(CodecError) in try result.get() }
    }

    /// Packs a value into `packed`.
    /// - Returns: whether it has a wire form.
    private func encode(_ value: C) -> Bool {
        packed.removeAll()
        do throws(CodecError) {
            try coder.encode(value, into: &packed)
            return true
        } catch {
            return false
        }
    }

    private func require(_ value: C?, of entity: Entity?) throws(Refusal) -> C {
        guard let value else {
            throw Refusal(
                .unknownComponent, "entity \(entity.map { "\($0)" } ?? "of a spawn") has no \(C.componentName)")
        }
        return value
    }

    private func compare(_ expected: [UInt8], with old: C?) throws(Refusal) {
        let isEncoded = old.map { encode($0) } ?? false
        guard isEncoded, packed.bytes == expected else {
            throw Refusal(
                .compareFailed, "\(C.componentName) is not what was expected", current: isEncoded ? packed.bytes : nil)
        }
    }

    private func patched(
        _ old: C, _ fields: some Sequence<(field: Mutation.FieldValue, expected: [UInt8]?)>
    ) throws(Refusal) -> C {
        if coder.isBitwise { return try patchedBytes(old, fields) }
        var value = try refusing { () throws(CodecError) in try coder.dynamicValue(of: old) }
        for (field, expected) in fields {
            guard let type = coder.schema.type.field(at: field.path), let member = value.member(at: field.path) else {
                throw Refusal(.undecodable, "\(C.componentName) has no field at \(field.path)")
            }
            if let expected {
                let current = try refusing { () throws(CodecError) in try member.encoded(as: type) }
                guard current == expected else { throw Self.notExpected(encode(old) ? packed.bytes : nil) }
            }
            let new = try refusing { () throws(CodecError) in try DynamicValue(decoding: field.bytes, as: type) }
            value = value.replacingMember(at: field.path, with: new) ?? value
        }
        let new = try refusing { () throws(CodecError) in try coder.value(of: value) }
        _ = encode(new)
        return new
    }

    /// Copies bytes into the wire form, where each field has its place.
    private func patchedBytes(
        _ old: C, _ fields: some Sequence<(field: Mutation.FieldValue, expected: [UInt8]?)>
    ) throws(Refusal) -> C {
        _ = encode(old)
        for (field, expected) in fields {
            guard let place = coder.schema.type.wireRange(at: field.path), place.count == field.bytes.count else {
                throw Refusal(
                    .undecodable, "\(C.componentName) has no field of \(field.bytes.count) bytes at \(field.path)")
            }
            if let expected, !packed.bytes[place].elementsEqual(expected) {
                _ = encode(old)
                throw Self.notExpected(packed.bytes)
            }
            packed.overwrite(at: place.lowerBound, with: field.bytes)
        }
        return try decode(packed.bytes)
    }

    private static func notExpected(_ current: [UInt8]?) -> Refusal {
        Refusal(.compareFailed, "a field of \(C.componentName) is not what was expected", current: current)
    }

    /// What bytes from a client are refused with.
    private func refusing<R>(_ body: () throws(CodecError) -> R) throws(Refusal) -> R {
        do throws(CodecError) {
            return try body()
        } catch {
            throw Refusal(error.code == .outOfDomain ? .outOfDomain : .undecodable, error.message)
        }
    }
}
