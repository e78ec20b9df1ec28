/// An enumeration with payload that provides one value of each of its cases, so that its schema can be read.
///
/// ```swift
/// enum Order: Codable, Sampled {
///     case idle, move(to: SIMD2<Float>), follow(Entity)
///     static var samples: [Order] { [.idle, .move(to: .zero), .follow(.none)] }
/// }
/// ```
public protocol Sampled: Codable {
    /// One value per case, in a stable order: a case is sent as its position here.
    static var samples: [Self] { get }
}

/// A type that states its schema by hand, for coding that cannot be probed (such as a UUID written as text).
///
/// The output of `encode(to:)` must be of that type.
public protocol SchemaProviding: Codable {
    static var fieldType: FieldType { get }
}
