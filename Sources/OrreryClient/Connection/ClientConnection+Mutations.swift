public import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire

/// A mutation that was not applied: why, and the value that stands.
public struct MutationError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: RefusalCode
    public let message: String
    /// The bytes that the component has, where that is what the refusal is about.
    public let current: [UInt8]?

    public var description: String { message }

    init(_ refusal: Refusal) {
        code = refusal.code
        message = refusal.reason
        current = refusal.current
    }
}

/// Steering. Each call waits for the outcome, also over a lost connection, and has at most one effect. It returns the tick at whose
/// beginning the change took effect; what is subscribed to shows that tick by then.
///
/// All throw ``MutationError`` where the server refuses, ``ClientError`` where the connection ends, `CancellationError`.
extension ClientConnection {
    /// Writes a component that the entity has.
    /// - Parameter expected: if stated, the write is refused unless the component has that value.
    @discardableResult
    public func set<C: Component>(_ value: C, on entity: Entity, expecting expected: C? = nil) async throws -> Tick {
        let (column, binding) = try binding(of: C.self)
        let bytes = try binding.encode(value)
        return try await mutate(
            .set(entity, .init(column, bytes), expected: try expected.map { try binding.encode($0) }))
    }

    /// Gives the entity a component, or writes the one that it has.
    @discardableResult
    public func insert<C: Component>(_ value: C, on entity: Entity) async throws -> Tick {
        let (column, binding) = try binding(of: C.self)
        return try await mutate(.insert(entity, .init(column, try binding.encode(value))))
    }

    /// Takes a component from the entity.
    @discardableResult
    public func remove<C: Component>(_ type: C.Type, from entity: Entity) async throws -> Tick {
        try await mutate(.remove(entity, try entry(of: C.componentName).column))
    }

    /// Writes one field of a component that the entity has; the others stay as they are.
    /// - Parameters:
    ///   - keyPath: a stored property, or a stored property of one.
    ///   - expected: if stated, the write is refused unless the field has that value.
    @discardableResult
    public func patch<C: Component, V>(
        _ entity: Entity, _ keyPath: any WritableKeyPath<C, V> & Sendable, to value: V, expecting expected: V? = nil
    ) async throws -> Tick {
        let (column, schema) = try readable(C.componentName)
        let type = schema.type
        guard let names = FieldAnnotation<C>.fieldNames(of: keyPath), let path = type.positions(of: names),
            let fieldType = type.field(at: path)
        else {
            throw ClientError(
                .component, "\(keyPath) is no field that the server's \(C.componentName) has", phase: .mutate)
        }
        let patch = Mutation.FieldPatch(
            path: path, bytes: try DynamicValue(of: value, as: fieldType).encoded(as: fieldType),
            expected: try expected.map { try DynamicValue(of: $0, as: fieldType).encoded(as: fieldType) })
        return try await mutate(.patch(entity, column, [patch]))
    }

    /// Makes an entity of these components.
    public func spawn<each C: Component>(_ component: repeat each C) async throws -> Entity {
        var values: [Mutation.NewComponent] = []
        for component in repeat each component { values.append(try encoded(component)) }
        guard let entity = try await outcome(.spawn(values)).entities.first else {
            throw ClientError(.protocolViolation, "the server spawned an entity and did not name it", phase: .mutate)
        }
        return entity
    }

    /// Ends an entity.
    @discardableResult
    public func despawn(_ entity: Entity) async throws -> Tick { try await mutate(.despawn(entity)) }

    /// Writes one field, untyped: `set("Health.current", of: entity, to: .signed(50))`; or a whole component: `set("Health", …)`.
    /// - Parameter path: the component's name, then the names of fields, with points between.
    @discardableResult
    public func set(_ path: String, of entity: Entity, to value: DynamicValue) async throws -> Tick {
        let (column, fields, type) = try place(path)
        let bytes = try value.encoded(as: type)
        return try await mutate(
            fields.isEmpty
                ? .set(entity, .init(column, bytes), expected: nil)
                : .patch(entity, column, [.init(path: fields, bytes: bytes)]))
    }

    /// The type of a component or field.
    /// - Parameter path: the component's name, then the names of fields, with points between.
    /// - Throws: ``ClientError`` of code `component` that says which name is not known.
    public func type(of path: String) throws -> FieldType { try place(path).type }

    private func place(_ path: String) throws -> (column: ColumnID, fields: [Int], type: FieldType) {
        let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let (column, schema) = try readable(names[0])
        let type = schema.type
        guard names.count > 1 else { return (column, [], type) }
        guard let fields = type.positions(of: names.dropFirst()), let fieldType = type.field(at: fields) else {
            throw ClientError(.component, "\(names[0]) is \(type) and has no field '\(path)'", phase: .mutate)
        }
        return (column, fields, fieldType)
    }

    private func encoded<C: Component>(_ value: C) throws -> Mutation.NewComponent {
        let (column, binding) = try binding(of: C.self)
        return .init(column, try binding.encode(value))
    }

    private func binding<C: Component>(of type: C.Type) throws -> (ColumnID, ComponentBinding<C>) {
        let (column, schema) = try readable(C.componentName)
        do throws(SchemaError) {
            return (column, try ComponentBinding<C>(to: schema))
        } catch {
            throw ClientError(.component, error.description, phase: .mutate)
        }
    }

    private func mutate(_ operation: Mutation.Operation) async throws -> Tick { try await outcome(operation).tick }

    private func outcome(_ operation: Mutation.Operation) async throws -> (tick: Tick, entities: [Entity]) {
        let answer = Answered<MutationOutcome>()
        try await waiting { done in
            session.mutate(operation) { result in
                answer.set(try? result.get())
                done(result.map { _ in () })
            }
        }
        switch answer.value {
        case .applied(let tick, let entities): return (tick, entities)
        case .refused(let refusal): throw MutationError(refusal)
        case nil: throw ClientError(.outcomeUnknown, "no outcome", phase: .mutate)
        }
    }
}
