import OrrerySchema

/// Schemas by chance: names that are hard to tell apart or must be quoted, and types inside types.
struct RandomSchemas {
    private static let componentNames = [
        "a", "a.b", "a.b.c", "A", "b", "count", "length", "entity", "where", "with", "refers", "is", "in", "and", "any",
        "x",
        "x y", "é", "e\u{301}a", "Ω", "_", "_1", "1a", "resource", "limit", "at", "Hz", "has",
        "\u{0}n",
        "a|b", "!", "\"", "…", "👾",
    ]
    private static let fieldNames = [
        "a", "b", "b.c", "c", "x", "y", "z", "w", "nil", "count", "entity", "not", "x y", "é", "1", "_0", "in", "[0]",
        "~", "👾",
    ]
    private static let caseNames = [
        "red", "true", "false", "nil", "infinity", "light blue", "none", "or", "all", "desc", "v1", "12v3", "ﬁ", "-1",
    ]

    var generator: SeededGenerator

    /// One to ten components.
    mutating func make() -> [ComponentSchema] {
        let names = Self.componentNames.shuffled(using: &generator).prefix(Int.random(in: 0...9, using: &generator))
        // What is too large for a schema is left out.
        let random = names.compactMap {
            try? ComponentSchema(name: $0, type: generator.oneIn(4) ? type(depth: 3) : structure(depth: 3))
        }
        return random + RandomWorld.fixedSchemas.suffix(1)
    }

    private mutating func structure(depth: Int) -> FieldType { .structure(fields(0...6, depth: depth)) }

    private mutating func fields(_ count: ClosedRange<Int>, depth: Int) -> [Field] {
        let names = Self.fieldNames.shuffled(using: &generator).prefix(Int.random(in: count, using: &generator))
        return names.map { Field($0, type(depth: depth)) }
    }

    private mutating func type(depth: Int) -> FieldType {
        switch Int.random(in: 0...(depth > 0 ? 15 : 6), using: &generator) {
        case 0, 1, 2: return .scalar(Scalar.allCases.randomElement(using: &generator)!)
        case 3: return .vector(number(), lanes: Int.random(in: 2...4, using: &generator))
        case 4: return .entity
        case 5: return .enumeration(cases().map { EnumerationCase($0) })
        case 6: return .string
        case 7, 8: return structure(depth: depth - 1)
        case 9: return .structure(["x", "y", "z"].map { Field($0, .scalar(number())) })
        case 10, 11: return .optional(type(depth: depth - 1))
        case 12: return .array(type(depth: depth - 1))
        case 13: return .set(type(depth: depth - 1))
        case 14: return .dictionary(key: type(depth: depth - 1), value: type(depth: depth - 1))
        default: return .union(cases().map { UnionCase($0, fields(0...3, depth: depth - 1)) })
        }
    }

    private mutating func number() -> Scalar { Scalar.allCases.dropFirst().randomElement(using: &generator)! }

    private mutating func cases() -> [String] {
        Array(Self.caseNames.shuffled(using: &generator).prefix([1, 2, 5].randomElement(using: &generator)!))
    }
}
