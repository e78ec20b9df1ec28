public import OrrerySchema

/// Why a world refused an operation.
public struct WorldError: Error, Hashable, Sendable {
    /// The kind of a refusal.
    public enum Code: String, Sendable {
        /// The entity does not live, or not any more.
        case entityDead
        /// The entity lives and has no such component.
        case componentMissing
        /// The world holds as many entities as it may.
        case entityCountExceeded
        /// The world has no such resource.
        case resourceMissing
    }

    public let code: Code
    /// The entity that was named; ``OrrerySchema/Entity/none`` where none was.
    public let entity: Entity
    /// The name of the component or resource that was named; empty where none was.
    public let componentName: String
    /// What happened and what to do about it, as one sentence.
    public let sentence: String
}

extension WorldError: CustomStringConvertible {
    public var description: String { sentence }
}

extension WorldError {
    @usableFromInline
    static func entityDead(_ entity: Entity, componentName: String = "") -> WorldError {
        let subject = componentName.isEmpty ? "" : "'\(componentName)' of "
        return WorldError(
            code: .entityDead, entity: entity, componentName: componentName,
            sentence: "\(subject)entity \(entity) cannot be changed: the entity does not live; "
                + "ask world.contains(entity) before, if it may have been despawned.")
    }

    @usableFromInline
    static func componentMissing(_ entity: Entity, componentName: String) -> WorldError {
        WorldError(
            code: .componentMissing, entity: entity, componentName: componentName,
            sentence: "Entity \(entity) has no '\(componentName)' to change; insert one first.")
    }

    static func entityCountExceeded(entityCountMax: Int) -> WorldError {
        WorldError(
            code: .entityCountExceeded, entity: .none, componentName: "",
            sentence: "No entity can be spawned: the world holds its entityCountMax of \(entityCountMax); "
                + "despawn some (their slots are free from the next tick on) or make the world with a larger maximum.")
    }

    static func resourceMissing(_ name: String) -> WorldError {
        WorldError(
            code: .resourceMissing, entity: .none, componentName: name,
            sentence: "The world has no resource '\(name)'; insert one with insertResource first.")
    }
}
