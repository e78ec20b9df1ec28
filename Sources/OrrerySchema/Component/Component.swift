/// A kind of data that an entity can have. Conforming to it is all that a user writes:
///
/// ```swift
/// struct Position: Component { var x = 0.0, y = 0.0, z = 0.0 }
/// struct Label: Component, Codable { var text = "" }
/// struct Frozen: Component {}  // a tag
/// ```
///
/// Components whose fields are all of fixed size (integers, `Float`, `Double`, `Bool`, `SIMD2/3/4` of numbers,
/// ``Entity``, enumerations without payload that are `CaseIterable`, and structs of these) are *bitwise*: their layout
/// is read from the type and nothing else is needed. All other components also conform to `Codable`, and enumerations
/// with payload to ``Sampled`` too.
///
/// An optional is never of fixed size, even if it holds a number or an ``Entity``: an absent value takes no room on the
/// wire. A component that has an optional conforms to `Codable`. Where every byte counts, use a value that stands for
/// none (`Entity.none`), or add and remove a separate component.
public protocol Component: Sendable {
    /// Creates the default value. A field that a peer does not know takes its value from here.
    init()

    /// The name by which clients know this component, unique in a world. By default it is the type's name without the
    /// types that it is nested in, up to a generic one: `Pair<Int, Double>.Inner`. If two types have the same name,
    /// state another one. In a generic type, state one that names what distinguishes the types:
    /// `static var componentName: String { "Slot of \(Item.self)" }`.
    static var componentName: String { get }

    /// Where a world keeps the values. By default it keeps them with those of the entity's other components.
    static var storage: ComponentStorage { get }

    /// A sentence for people who see this component in a tool.
    static var documentation: String? { get }

    /// Units, ranges and documentation of fields, next to the type that they belong to.
    static var annotations: [FieldAnnotation<Self>] { get }
}

extension Component {
    public static var componentName: String { TypeName.short(Self.self) }
    @inlinable public static var storage: ComponentStorage { .table }
    public static var documentation: String? { nil }
    public static var annotations: [FieldAnnotation<Self>] { [] }
}

/// Where a world keeps the values of a component type.
///
/// ```swift
/// struct Burning: Component {
///     var seconds: Float = 0
///     static var storage: ComponentStorage { .sparse }
/// }
/// ```
public enum ComponentStorage: Sendable {
    /// With the entity's other components: the fastest to iterate. Gaining or losing the component moves the entity.
    case table
    /// In a set of its own: gaining or losing the component moves nothing, but iterating it with others costs a look-up
    /// per entity. For components that are added and removed often.
    case sparse
}
