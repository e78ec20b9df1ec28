public import OrrerySchema

/// Why a world refused an operation.
///
/// An error is one word wide, which keeps throwing calls cheap when no error occurs.
public struct WorldError: Error, Sendable {
    /// The kind of error.
    public enum Code: String, Sendable {
        /// The entity never lived, or no longer lives.
        case entityDead
        /// The entity lives and has no such component.
        case componentMissing
        /// The world has no room for another entity.
        case entityCountExceeded
        /// A query that should match one entity matches none, or several.
        case notSingle
        /// The world has no such resource.
        case resourceMissing
    }

    private final class Content: Sendable {
        let code: Code
        let entity: Entity
        let componentName: String
        let sentence: String

        init(code: Code, entity: Entity, componentName: String, sentence: String) {
            self.code = code
            self.entity = entity
            self.componentName = componentName
            self.sentence = sentence
        }
    }

    private let content: Content

    private init(code: Code, entity: Entity = .none, componentName: String = "", sentence: String) {
        content = Content(code: code, entity: entity, componentName: componentName, sentence: sentence)
    }

    /// The kind of error.
    public var code: Code { content.code }
    /// The entity that the call named; `Entity.none` if it named none.
    public var entity: Entity { content.entity }
    /// The name of the component or resource that the call named; empty if it named none.
    public var componentName: String { content.componentName }
    /// What happened and what to do about it, as one sentence.
    public var sentence: String { content.sentence }
}

extension WorldError: Hashable {
    public static func == (left: WorldError, right: WorldError) -> Bool {
        (left.code, left.entity, left.componentName, left.sentence)
            == (right.code, right.entity, right.componentName, right.sentence)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(entity)
        hasher.combine(sentence)
    }
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
            code: .entityCountExceeded,
            sentence: "No entity can be spawned: the world holds its entityCountMax of \(entityCountMax); "
                + "despawn some (their slots are free from the next tick on) or make the world with a larger maximum.")
    }

    static func notSingle(count: Int) -> WorldError {
        WorldError(
            code: .notSingle, sentence: "single() asks for a query that matches one entity; this one matches \(count).")
    }

    static func resourceMissing(_ name: String) -> WorldError {
        WorldError(
            code: .resourceMissing, componentName: name,
            sentence: "The world has no resource '\(name)'; insert one with insertResource first.")
    }
}
