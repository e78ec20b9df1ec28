/// A kind of data that an entity can have. Conforming is all that a user writes:
///
/// ```swift
/// struct Position: Component { var x = 0.0, y = 0.0, z = 0.0 }
/// struct Label: Component, Codable { var text = "" }
/// struct Frozen: Component {}  // a tag
/// ```
///
/// Components whose fields are all of fixed size (integers, `Float`, `Double`, `Bool`, `SIMD2/3/4` of numbers,
/// ``Entity``, enumerations without payload that are `CaseIterable`, and structs of these) are *bitwise*: their layout
/// is read from the type, nothing else is needed. All others conform to `Codable` too; enumerations with payload also
/// to ``Sampled``.
///
/// An optional is not of fixed size, also one of a number or an ``Entity``: what is absent takes no room on the wire. A
/// component that has one conforms to `Codable`. Where every byte counts use a value that stands for none
/// (`Entity.none`), or a component that comes and goes.
public protocol Component: Sendable {
    /// The default value. A field that a peer does not know takes its value from here.
    init()

    /// The name by which clients know this component, unique in a world. The type's name unless stated: without the
    /// types that it is nested in, up to a generic one: `Pair<Int, Double>.Inner`. Where two types have one name, state
    /// another, in a generic type one that names what tells them apart: `static var componentName: String { "Slot of
    /// \(Item.self)" }`.
    static var componentName: String { get }

    /// Where a world keeps the values. With those of the entity's other components unless stated.
    static var storage: ComponentStorage { get }

    /// A sentence for people who meet this component in a tool.
    static var documentation: String? { get }

    /// Units, ranges and documentation of fields, beside the type that they belong to.
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
    /// With the entity's other components: the fastest to iterate. To gain or lose one moves the entity.
    case table
    /// In a set of its own: to gain or lose one moves nothing, to iterate it with others costs a look-up per entity.
    /// For components that come and go often.
    case sparse
}
