extension ComponentCoder {
    /// The names of the fields along a key path, from the outermost; `nil` unless the key path leads to a stored
    /// property that is a field. `CodingKeys` may give a field another name than its property has.
    /// - Complexity: O(fields) encodings of a value for a component that is not of fixed size.
    package func fieldNames(of keyPath: PartialKeyPath<C>) -> [String]? {
        Self.fieldNames(of: keyPath, form, schema.type)
    }

    /// - Parameter type: The type of the component, with the names of its fields.
    static func fieldNames(of keyPath: PartialKeyPath<C>, _ form: Form, _ type: FieldType) -> [String]? {
        if case .codable = form, let names = (keyPath as? any CodedProperty)?.names(in: type) { return names }
        guard let names = propertyNames(of: keyPath), type.positions(of: names) != nil else { return nil }
        return names
    }

    /// The names of the properties along a key path; `nil` unless the key path leads to a stored property.
    private static func propertyNames(of keyPath: PartialKeyPath<C>) -> [String]? {
        guard let offset = MemoryLayout<C>.offset(of: keyPath) else { return nil }
        return path(to: Swift.type(of: keyPath).valueType, at: offset, in: C.self, from: 0)
    }

    /// The names along the path to the stored property of that type at that offset.
    private static func path(to type: Any.Type, at offset: Int, in root: Any.Type, from start: Int) -> [String]? {
        for property in RuntimeReflection.storedProperties(of: root) ?? [] {
            let place = start + property.offset
            if place == offset, property.type == type { return [property.name] }
            if place <= offset, let rest = path(to: type, at: offset, in: property.type, from: place) {
                return [property.name] + rest
            }
        }
        return nil
    }
}

/// A type-erased key path to a property that can be set.
private protocol CodedProperty {
    /// The names along the path to the field as which the property is coded.
    func names(in type: FieldType) -> [String]?
}

extension WritableKeyPath: CodedProperty where Root: Component {
    /// Finds the fields whose coded value changes when only this property changes.
    fileprivate func names(in type: FieldType) -> [String]? {
        // A path through an element, or the content of an optional, leads nowhere in an empty value.
        guard MemoryLayout<Root>.offset(of: self) != nil else { return nil }
        guard let standard = try? ValueEncoder.encode(Root(), as: type) else { return nil }
        let leaves = type.leaves
        let moved = leaves.filter { path in
            guard let leaf = type.field(at: path), let member = standard.member(at: path),
                let other = member.other(of: leaf), let altered = standard.replacingMember(at: path, with: other),
                let source = try? ValueDecoder.decode(Root.self, from: altered)
            else { return false }
            var value = Root()
            value[keyPath: self] = source[keyPath: self]
            return (try? ValueEncoder.encode(value, as: type))?.member(at: path) == other
        }
        guard var path = moved.first else { return nil }
        while !moved.allSatisfy({ $0.starts(with: path) }) { path.removeLast() }
        // The property is coded as all fields below the path, and as no others.
        guard leaves.filter({ $0.starts(with: path) }) == moved else { return nil }
        // A structure with one field is that property, or has it.
        while !path.isEmpty, let field = type.field(at: path),
            (try? ValueEncoder.encode(Root()[keyPath: self], as: field)) == nil,
            leaves.filter({ $0.starts(with: path.dropLast()) }) == moved
        { path.removeLast() }
        return path.isEmpty ? nil : type.names(at: path)
    }
}

extension FieldType {
    /// The positions that lead to each field that is not a structure.
    fileprivate var leaves: [[Int]] {
        guard case .structure(let fields) = self else { return [[]] }
        return fields.enumerated().flatMap { position, field in field.type.leaves.map { [position] + $0 } }
    }

    fileprivate func names(at path: [Int]) -> [String]? {
        guard let first = path.first else { return [] }
        guard case .structure(let fields) = self, first < fields.count else { return nil }
        return fields[first].type.names(at: Array(path.dropFirst())).map { [fields[first].name] + $0 }
    }
}

extension DynamicValue {
    /// A value of the type that differs from this one; `nil` if there is none.
    fileprivate func other(of type: FieldType) -> DynamicValue? {
        switch (self, type) {
        case (.bool(let truth), _): .bool(!truth)
        case (.signed(let number), _): .signed(number == 0 ? 1 : 0)
        case (.unsigned(let number), _): .unsigned(number == 0 ? 1 : 0)
        case (.float(let number), _): .float(number == 0 ? 1 : 0)
        case (.double(let number), _): .double(number == 0 ? 1 : 0)
        case (.vector(let lanes), .vector(let scalar, _)): .vector(lanes.compactMap { $0.other(of: .scalar(scalar)) })
        case (.entity(let entity), _): .entity(entity == .none ? Entity(index: 1, generation: 1) : .none)
        case (.enumeration(let name), .enumeration(let cases)):
            cases.first { $0.name != name }.map { .enumeration($0.name) }
        case (.string(let text), _): .string(text.isEmpty ? "a" : "")
        case (.optional(let content), .optional(let wrapped)): .optional(content == nil ? wrapped.zero : nil)
        case (.array(let elements), .array(let element)): .array(elements.isEmpty ? [element.zero] : [])
        case (.set(let elements), .set(let element)): .set(elements.isEmpty ? [element.zero] : [])
        case (.dictionary(let entries), .dictionary(let key, let value)):
            .dictionary(entries.isEmpty ? [Entry(key: key.zero, value: value.zero)] : [])
        case (.union(let name, _), .union(let cases)):
            cases.first { $0.name != name }.map { other in
                .union(other.name, other.fields.map { Member($0.name, $0.type.zero) })
            }
        default: nil
        }
    }
}
