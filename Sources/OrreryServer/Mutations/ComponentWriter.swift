import OrreryECS
import OrrerySchema
import OrreryWire

/// Writes one component of the world for clients, its type forgotten: decodes, compares, asks the rule, applies.
struct ComponentWriter: Sendable {
    /// What is to become of the value that an entity has.
    enum Change {
        case set(bytes: [UInt8], expected: [UInt8]?, mayInsert: Bool)
        case patch([Mutation.FieldPatch])
        case remove
    }

    /// Applies a change to a living entity.
    let apply: @Sendable (Change, Entity, ClientIdentity, World) throws(MutationRefusal) -> Void
    /// Looks at a value for an entity that is about to be spawned, and gives back what inserts it.
    let prepare:
        @Sendable ([UInt8], ClientIdentity, World) throws(MutationRefusal) -> (Entity, World) throws(WorldError) -> Void

    init<C: Component>(_ coder: ComponentCoder<C>, rule: WriteRule<C>) {
        let typed = TypedWriter(coder: coder, rule: rule)
        apply = { (change, entity, client, world) throws(MutationRefusal) in
            try typed.apply(change, to: entity, by: client, in: world)
        }
        prepare = { (bytes, client, world) throws(MutationRefusal) in
            let value = try typed.decode(bytes)
            try typed.ask(ClientWrite(client: client, entity: nil, old: nil, new: value, world: world))
            return { (entity, world) throws(WorldError) in try world.insert(value, on: entity) }
        }
    }
}

private struct TypedWriter<C: Component>: Sendable {
    let coder: ComponentCoder<C>
    let rule: WriteRule<C>

    func apply(
        _ change: ComponentWriter.Change, to entity: Entity, by client: ClientIdentity, in world: World
    ) throws(MutationRefusal) {
        guard world.contains(entity) else { throw MutationRefusal(.unknownEntity, "entity \(entity) is not alive") }
        let old = world[entity, C.self]
        let new: C?
        switch change {
        case .set(let bytes, let expected, let mayInsert):
            if !mayInsert { _ = try require(old, of: entity) }
            if let expected { try compare(expected, with: old) }
            new = try decode(bytes)
        case .patch(let patches): new = try patched(try require(old, of: entity), patches)
        case .remove:
            _ = try require(old, of: entity)
            new = nil
        }
        try ask(ClientWrite(client: client, entity: entity, old: old, new: new, world: world))
        do throws(WorldError) {
            if let new {
                try world.insert(new, on: entity)
            } else {
                try world.remove(C.self, from: entity)
            }
        } catch {
            throw MutationRefusal(.unknownEntity, error.description)
        }
    }

    func ask(_ write: ClientWrite<C>) throws(MutationRefusal) {
        guard let judge = rule.judge else {
            throw MutationRefusal(.notWritable, "\(C.componentName) is read-only for clients")
        }
        if case .refuse(let reason) = judge(write) {
            throw MutationRefusal(.forbidden, reason, current: write.old.flatMap(encode))
        }
    }

    func decode(_ bytes: [UInt8]) throws(MutationRefusal) -> C {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(CodecError) in try coder.decode(buffer) }
        }
        return try refusing { () throws(CodecError) in try result.get() }
    }

    private func encode(_ value: C) -> [UInt8]? {
        var writer = ByteWriter()
        do throws(CodecError) {
            try coder.encode(value, into: &writer)
            return writer.bytes
        } catch {
            return nil
        }
    }

    private func require(_ value: C?, of entity: Entity) throws(MutationRefusal) -> C {
        guard let value else {
            throw MutationRefusal(.unknownComponent, "entity \(entity) has no \(C.componentName)")
        }
        return value
    }

    private func compare(_ expected: [UInt8], with old: C?) throws(MutationRefusal) {
        let current = old.flatMap(encode)
        guard current == expected else {
            throw MutationRefusal(.compareFailed, "\(C.componentName) is not what was expected", current: current)
        }
    }

    private func patched(_ old: C, _ patches: [Mutation.FieldPatch]) throws(MutationRefusal) -> C {
        var value = try refusing { () throws(CodecError) in try coder.dynamicValue(of: old) }
        for patch in patches {
            guard let type = coder.schema.type.field(at: patch.path), let member = value.member(at: patch.path) else {
                throw MutationRefusal(.undecodable, "\(C.componentName) has no field at \(patch.path)")
            }
            if let expected = patch.expected {
                let current = try refusing { () throws(CodecError) in try member.encoded(as: type) }
                guard current == expected else {
                    throw MutationRefusal(
                        .compareFailed, "a field of \(C.componentName) is not what was expected", current: encode(old))
                }
            }
            let new = try refusing { () throws(CodecError) in try DynamicValue(decoding: patch.bytes, as: type) }
            value = value.replacingMember(at: patch.path, with: new) ?? value
        }
        return try refusing { () throws(CodecError) in try coder.value(of: value) }
    }

    /// What bytes from a client are refused with.
    private func refusing<R>(_ body: () throws(CodecError) -> R) throws(MutationRefusal) -> R {
        do throws(CodecError) {
            return try body()
        } catch {
            throw MutationRefusal(error.code == .outOfDomain ? .outOfDomain : .undecodable, error.message)
        }
    }
}
