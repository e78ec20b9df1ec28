extension FieldType {
    /// The type of the field at these positions, from the outermost; `nil` if there is none, or if a type on the path
    /// is not a structure.
    package func field(at path: [Int]) -> FieldType? {
        guard let first = path.first else { return nil }
        guard case .structure(let fields) = self, first < fields.count else { return nil }
        return path.count == 1 ? fields[first].type : fields[first].type.field(at: Array(path.dropFirst()))
    }

    /// The byte range of a field within a value of fixed size; `nil` if there is no such field, or the size varies.
    package func wireRange(at path: [Int]) -> Range<Int>? {
        var (type, start) = (self, 0)
        for position in path {
            guard case .structure(let fields) = type, position < fields.count else { return nil }
            for field in fields[..<position] {
                guard let size = field.type.fixedSize else { return nil }
                start += size
            }
            type = fields[position].type
        }
        guard !path.isEmpty, let size = type.fixedSize else { return nil }
        return start..<start + size
    }

    /// The positions of the field with these names; `nil` if there is none.
    package func positions(of names: some Collection<String>) -> [Int]? {
        guard let first = names.first else { return [] }
        guard case .structure(let fields) = self, let position = fields.firstIndex(where: { $0.name == first }) else {
            return nil
        }
        return fields[position].type.positions(of: names.dropFirst()).map { [position] + $0 }
    }
}

extension DynamicValue {
    /// The member at these positions; `nil` if there is none.
    package func member(at path: [Int]) -> DynamicValue? {
        guard let first = path.first else { return self }
        guard case .structure(let members) = self, first < members.count else { return nil }
        return members[first].value.member(at: Array(path.dropFirst()))
    }

    /// The same value with another member at these positions.
    /// - Returns: `nil` if there is no such member.
    package func replacingMember(at path: [Int], with value: DynamicValue) -> DynamicValue? {
        guard let first = path.first else { return value }
        guard case .structure(var members) = self, first < members.count,
            let inner = members[first].value.replacingMember(at: Array(path.dropFirst()), with: value)
        else { return nil }
        members[first].value = inner
        return .structure(members)
    }
}
