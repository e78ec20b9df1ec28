import OrreryECS
import OrrerySchema
import OrreryWire

/// Writes one component or resource of the world for clients, type-erased, in two steps: first it checks the whole
/// write, then it applies it. In between, the new value lies in memory that the caller lends.
///
/// Belongs to the thread that owns the world.
final class ComponentWriter {
    /// How a write changes the value that an entity has.
    enum Write {
        /// Replaces the value.
        case set(Mutation.NewComponent.Content, expected: [UInt8]?, mayInsert: Bool)
        case patch([Mutation.FieldPatch])
    }

    /// Who may write; a judge sees the values of a write in memory.
    enum Access: Sendable {
        typealias Judge =
            @Sendable (
                _ client: ClientIdentity, Entity?, _ old: UnsafeRawPointer?, _ new: UnsafeRawPointer?, World
            ) -> WriteVerdict

        case never, always
        case judged(Judge)
    }

    private let descriptor: ComponentDescriptor
    let component: ComponentID
    private let values: any WrittenValues
    private let access: Access
    /// The wire form of a new component without given fields.
    private let defaultValue: [UInt8]?
    private let world: World
    /// Hides entities in values; `nil` if these name none.
    private let mask: EntityMask?
    /// A buffer for packing values, for comparison and patches.
    private var packed = ByteWriter()

    init(
        _ descriptor: ComponentDescriptor, _ component: ComponentID, _ values: any WrittenValues, access: Access,
        defaultValue: [UInt8]?, world: World
    ) {
        self.descriptor = descriptor
        self.component = component
        self.values = values
        self.access = access
        self.defaultValue = defaultValue
        self.world = world
        mask = EntityMask(descriptor.schema.type)
    }

    /// The size of a value in memory.
    var size: Int { descriptor.stride }
    var alignment: Int { descriptor.alignment }

    private var name: String { descriptor.schema.name }

    /// Whether it writes a resource.
    var isOfResource: Bool { values.isResource }

    /// Checks a write, and leaves its value at `target`.
    /// - Parameters:
    ///   - entity: Alive; `nil` for an entity that is about to be spawned, and for a resource.
    ///   - target: Memory without a value, of `size` and `alignment`.
    /// - Throws: ``Refusal``; then there is no value at `target`.
    /// - Returns: The units of work that it took.
    func prepare(
        _ write: Write, on entity: Entity?, by viewer: Viewer, at target: UnsafeMutableRawPointer
    ) throws(Refusal) -> Int {
        try values.withValue(of: entity) { old throws(Refusal) in
            try prepare(write, on: entity, by: viewer, old, at: target)
        }
    }

    private func prepare(
        _ write: Write, on entity: Entity?, by viewer: Viewer, _ old: UnsafeRawPointer?,
        at target: UnsafeMutableRawPointer
    ) throws(Refusal) -> Int {
        let work: Int
        switch write {
        case .set(let content, let expected, let mayInsert):
            if !mayInsert { _ = try require(old, of: entity) }
            if let expected { try compare(expected, with: old, viewer) }
            switch content {
            case .whole(let bytes):
                try decode(restoring(bytes, old, viewer), at: target)
                work = self.work(byteCount: bytes.count)
            case .fields(let fields):
                try patch(nil, fields.map { .init(path: $0.path, bytes: $0.bytes) }, viewer, at: target)
                work = self.work(byteCount: packed.count)
            }
        case .patch(let patches):
            try patch(try require(old, of: entity), patches, viewer, at: target)
            work = self.work(byteCount: packed.count)
        }
        do throws(Refusal) {
            try ask(viewer, entity, old, target)
        } catch {
            discard(target)
            throw error
        }
        return work
    }

    /// Checks a removal.
    func prepareRemoval(from entity: Entity?, by viewer: Viewer) throws(Refusal) {
        try values.withValue(of: entity) { old throws(Refusal) in
            try ask(viewer, entity, try require(old, of: entity), nil)
        }
    }

    /// Moves a prepared value into the world.
    func commit(_ value: UnsafeMutableRawPointer, on entity: Entity?) throws(WorldError) {
        defer { discard(value) }
        try values.insert(copying: value, on: entity)
    }

    func commitRemoval(from entity: Entity?) throws(WorldError) { try values.remove(from: entity) }

    /// Destroys a prepared value that is no longer needed.
    func discard(_ value: UnsafeMutableRawPointer) { descriptor.deinitialize(value) }

    private func work(byteCount: Int) -> Int { descriptor.isBitwise ? 1 : 4 + byteCount / 8 }

    private func ask(
        _ viewer: Viewer, _ entity: Entity?, _ old: UnsafeRawPointer?, _ new: UnsafeRawPointer?
    ) throws(Refusal) {
        switch access {
        case .never: throw Refusal(.notWritable, "\(name) is read-only for clients")
        case .always: return
        case .judged(let judge):
            guard let reason = judge(viewer.client, entity, old, new, world).reason(of: name) else { return }
            // The present value: the rule may have changed the world.
            let current = try values.withValue(of: entity) { value in
                value.flatMap { encode($0) ? seen(by: viewer) : nil }
            }
            throw Refusal(.forbidden, reason, current: current)
        }
    }

    private func decode(_ bytes: [UInt8], at target: UnsafeMutableRawPointer) throws(Refusal) {
        let descriptor = descriptor
        let problem: CodecError? = bytes.withUnsafeBytes { buffer in
            do throws(CodecError) {
                try descriptor.decode(buffer, into: target)
                return nil
            } catch {
                return error
            }
        }
        if let problem { throw Self.refusal(problem) }
    }

    /// Packs a value into `packed`.
    /// - Returns: whether it has a wire form.
    private func encode(_ value: UnsafeRawPointer) -> Bool {
        packed.removeAll()
        do throws(CodecError) {
            try descriptor.encode(value, into: &packed)
            return true
        } catch {
            return false
        }
    }

    private func require(_ value: UnsafeRawPointer?, of entity: Entity?) throws(Refusal) -> UnsafeRawPointer {
        guard let value else {
            throw Refusal(.unknownComponent, "\(entity.map { "entity \($0)" } ?? "the world") has no \(name)")
        }
        return value
    }

    /// What a client sees of the value in `packed`.
    private func seen(by viewer: Viewer) -> [UInt8] {
        guard let mask, !viewer.seesAllEntities else { return packed.bytes }
        return packed.bytes.withUnsafeBytes { mask.masked($0) { viewer.sees($0, in: world) } }
    }

    /// The value that a client means: what it does not see, and leaves as it sees it, stays.
    private func restoring(_ new: [UInt8], _ old: UnsafeRawPointer?, _ viewer: Viewer) -> [UInt8] {
        guard let mask, !viewer.seesAllEntities, let old, encode(old) else { return new }
        return mask.restored(new, old: packed.bytes) { viewer.sees($0, in: world) }
    }

    private func compare(_ expected: [UInt8], with old: UnsafeRawPointer?, _ viewer: Viewer) throws(Refusal) {
        let seen = old.flatMap { encode($0) ? self.seen(by: viewer) : nil }
        guard seen == expected else {
            throw Refusal(.compareFailed, "\(name) is not what was expected", current: seen)
        }
    }

    /// Leaves a value with the patched fields at `target`, and its wire form in `packed`.
    /// - Parameter old: The value to patch; `nil` stands for the default value.
    private func patch(
        _ old: UnsafeRawPointer?, _ patches: [Mutation.FieldPatch], _ viewer: Viewer,
        at target: UnsafeMutableRawPointer
    ) throws(Refusal) {
        guard old != nil || defaultValue != nil else {
            throw Refusal(.undecodable, "the default value of \(name) cannot be sent; give the whole value")
        }
        let isExpected: Bool
        do throws(CodecError) {
            isExpected =
                descriptor.isBitwise
                ? try patchPlaces(of: old, patches, viewer) : try patchMembers(of: old, patches, viewer)
        } catch {
            throw Self.refusal(error)
        }
        guard isExpected else {
            let current = old.flatMap { encode($0) ? seen(by: viewer) : nil }
            throw Refusal(.compareFailed, "a field of \(name) is not what was expected", current: current)
        }
        try decode(packed.bytes, at: target)
    }

    /// Copies bytes into the wire form in `packed`, where each field has a fixed position.
    /// - Returns: whether all fields were as expected.
    private func patchPlaces(
        of old: UnsafeRawPointer?, _ patches: [Mutation.FieldPatch], _ viewer: Viewer
    ) throws(CodecError) -> Bool {
        packed.removeAll()
        if let old { try descriptor.encode(old, into: &packed) } else { packed.append(contentsOf: defaultValue ?? []) }
        var seen = self.seen(by: viewer)
        for patch in patches {
            let field = patch.field
            guard let place = descriptor.schema.type.wireRange(at: field.path), place.count == field.bytes.count else {
                throw CodecError(
                    .typeMismatch, "\(name) has no field of \(field.bytes.count) bytes at \(field.path)")
            }
            if let expected = patch.expected, !seen[place].elementsEqual(expected) { return false }
            guard !seen[place].elementsEqual(field.bytes) else { continue }
            packed.overwrite(at: place.lowerBound, with: field.bytes)
            seen.replaceSubrange(place, with: field.bytes)
        }
        return true
    }

    /// Leaves the wire form of a value with the patched members in `packed`.
    /// - Returns: whether all fields were as expected.
    private func patchMembers(
        of old: UnsafeRawPointer?, _ patches: [Mutation.FieldPatch], _ viewer: Viewer
    ) throws(CodecError) -> Bool {
        let type = descriptor.schema.type
        var value =
            if let old { try descriptor.dynamicValue(of: old) } else {
                try DynamicValue(decoding: defaultValue ?? [], as: type)
            }
        var seen = value
        if mask != nil, !viewer.seesAllEntities {
            packed.removeAll()
            try packed.append(value, as: type)
            seen = try DynamicValue(decoding: self.seen(by: viewer), as: type)
        }
        for patch in patches {
            let path = patch.field.path
            guard let fieldType = type.field(at: path), let member = seen.member(at: path) else {
                throw CodecError(.typeMismatch, "\(name) has no field at \(path)")
            }
            if let expected = patch.expected, try member.encoded(as: fieldType) != expected { return false }
            let new = try DynamicValue(decoding: patch.field.bytes, as: fieldType)
            guard new != member else { continue }
            value = value.replacingMember(at: path, with: new) ?? value
            seen = seen.replacingMember(at: path, with: new) ?? seen
        }
        packed.removeAll()
        try packed.append(value, as: type)
        return true
    }

    /// The refusal of bytes from a client.
    private static func refusal(_ error: CodecError) -> Refusal {
        Refusal(error.code == .outOfDomain ? .outOfDomain : .undecodable, error.message)
    }
}

extension ClientRule {
    /// The same rule of a component, type-erased.
    func erased<C: Component>() -> ComponentWriter.Access where Request == ClientWrite<C> {
        switch access {
        case .never: .never
        case .always: .always
        case .judged(let judge):
            .judged { client, entity, old, new, world in
                judge(
                    ClientWrite(
                        client: client, entity: entity, old: old?.assumingMemoryBound(to: C.self).pointee,
                        new: new?.assumingMemoryBound(to: C.self).pointee, world: WorldReader(world)))
            }
        }
    }
}
