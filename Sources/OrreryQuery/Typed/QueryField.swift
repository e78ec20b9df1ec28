public import OrrerySchema

/// What a condition reads of an entity: a key path from a component to a field, or a ``QueryField``.
public protocol QueryOperand<Content> {
    /// The type of the field.
    associatedtype Content

    /// The field, as a query names it.
    var queryField: QueryField<Content> { get }
}

extension KeyPath: QueryOperand where Root: Component {
    /// The field that the key path leads to.
    public var queryField: QueryField<Value> { QueryField(self) }
}

/// A field of a component in a ``QueryCondition``. A key path says most of them; this type adds what a key path cannot
/// say: elements, values of a key, and lanes.
///
/// ```swift
/// QueryField(\Inventory.counts)["gold"] >= 5 && QueryField(\Orbit.axis).z < 0
/// ```
public struct QueryField<Content>: QueryOperand, Sendable {
    let text: QueryText
    /// `nil` for what is no field.
    private let type: FieldType?

    /// The field itself.
    public var queryField: QueryField { self }

    private init(_ text: QueryText, _ type: FieldType?) {
        self.text = text
        self.type = type?.unwrapped
    }

    /// The field that a key path leads to: a stored property, or a stored property of such a property; or with
    /// `\.self` the whole component. Any other key path is an error when the query is made.
    /// - Complexity: Reads the schema of `C`, as registering it does: some microseconds per field.
    public init<C: Component>(_ keyPath: KeyPath<C, Content>) {
        do throws(SchemaError) {
            let coder = try ComponentCoder<C>()
            let names = keyPath == \C.self ? [] : coder.fieldNames(of: keyPath)
            guard let names, let type = coder.schema.type.field(named: names) else {
                let error = QueryError(
                    .unknownField, column: 1, expected: "a stored property of \(C.componentName), not \(keyPath)")
                self.init(QueryText(fault: error), nil)
                return
            }
            // In back-ticks it is the name of the component, whatever other components there are.
            let path = ["`\(C.componentName)`"] + names.map(QuerySpelling.laterName)
            self.init(QueryText(path.joined(separator: ".")), type)
        } catch {
            self.init(QueryText(fault: QueryError(.type, column: 1, expected: error.description)), nil)
        }
    }

    /// A value of the field's type, quoted.
    func constant(_ value: some Any) -> QueryText { Self.constant(value, as: type) }

    /// A value of the type of the field's elements or keys, quoted.
    func element(_ value: some Any) -> QueryText { Self.constant(value, as: type?.elementOrKey) }

    private static func constant(_ value: some Any, as type: FieldType?) -> QueryText {
        // If the field itself is at fault, that is told first.
        guard let type else {
            let expected = "another test: this is no field with such values"
            return QueryText(fault: QueryError(.type, column: 1, expected: expected))
        }
        do throws(CodecError) {
            return QueryText(try DynamicValue(of: value, as: type))
        } catch {
            return QueryText(fault: QueryError(.type, column: 1, expected: "a value of type \(type), not \(value)"))
        }
    }
}

extension QueryField where Content == Entity {
    /// The entity itself, as in `\Target.entity != QueryField.entity`.
    public static var entity: QueryField { QueryField("entity", .entity) }
}

extension QueryField where Content: SIMD {
    /// The first lane of the vector.
    public var x: QueryField<Content.Scalar> { lane("x") }
    /// The second lane of the vector.
    public var y: QueryField<Content.Scalar> { lane("y") }
    /// The third lane of the vector.
    public var z: QueryField<Content.Scalar> { lane("z") }
    /// The fourth lane of the vector.
    public var w: QueryField<Content.Scalar> { lane("w") }

    private func lane(_ name: String) -> QueryField<Content.Scalar> {
        var scalarType: FieldType?
        if case .vector(let scalar, _)? = type { scalarType = .scalar(scalar) }
        return QueryField<Content.Scalar>("\(text).\(QueryText(name))", scalarType)
    }
}

extension QueryField {
    /// The element at an index, from 0; missing beyond the end.
    public subscript<Element>(index: Int) -> QueryField<Element> where Content == [Element] { member(at: index) }

    /// The element at an index, from 0; missing beyond the end, and where there is no array.
    public subscript<Element>(index: Int) -> QueryField<Element> where Content == [Element]? { member(at: index) }

    /// The value of a key; missing without the key.
    public subscript<Key, Value>(key: Key) -> QueryField<Value> where Content == [Key: Value] { member(of: key) }

    /// The value of a key; missing without the key, and where there is no dictionary.
    public subscript<Key, Value>(key: Key) -> QueryField<Value> where Content == [Key: Value]? { member(of: key) }

    private func member<Element>(at index: Int) -> QueryField<Element> {
        QueryField<Element>("\(text)[\(index)]", type?.elementOrKey)
    }

    private func member<Value>(of key: some Any) -> QueryField<Value> {
        var valueType: FieldType?
        if case .dictionary(_, let value)? = type { valueType = value }
        return QueryField<Value>("\(text)[\(element(key))]", valueType)
    }
}

/// The number of elements of an array, set or dictionary: `count(of: \Inventory.items) > 3`.
public func count(of field: some QueryOperand) -> QueryField<Int> {
    QueryField<Int>.measure("count", of: field, .scalar(.int64))
}

/// The Euclidean length of a vector, or of a structure of x, y and z: `length(of: \Velocity.self) < 1`.
public func length(of field: some QueryOperand) -> QueryField<Double> {
    QueryField<Double>.measure("length", of: field, .scalar(.double))
}

extension QueryField {
    fileprivate static func measure(_ name: String, of field: some QueryOperand, _ type: FieldType) -> QueryField {
        QueryField("\(QueryText(name))(\(field.queryField.text))", type)
    }
}

extension FieldType {
    /// The type of the field with these names, or this type without any.
    fileprivate func field(named names: [String]) -> FieldType? {
        guard let path = positions(of: names) else { return nil }
        return path.isEmpty ? self : field(at: path)
    }

    /// What `has` looks for, without optionals.
    fileprivate var elementOrKey: FieldType? {
        switch self {
        case .array(let element), .set(let element): element.unwrapped
        case .dictionary(let key, _): key.unwrapped
        default: nil
        }
    }
}
