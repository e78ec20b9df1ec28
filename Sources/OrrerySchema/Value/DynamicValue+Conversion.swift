extension DynamicValue {
    /// The same value as a reader with another version of the type knows it: missing fields take their value from
    /// `fallback`, fields that the reader does not know are dropped, cases are matched by name.
    /// - Throws: `typeMismatch` if one field has two types; `outOfDomain` for a case that the reader does not have.
    func converted(
        from source: FieldType, to target: FieldType, fallback: DynamicValue?
    ) throws(CodecError) -> DynamicValue {
        switch (source, target, self) {
        case (.structure(let sources), .structure(let targets), .structure(let members)):
            return .structure(
                try Self.convert(members, from: sources, to: targets, fallback: fallback))
        case (.union(let sources), .union(let targets), .union(let name, let members)):
            guard let from = sources.first(where: { $0.name == name }),
                let to = targets.first(where: { $0.name == name })
            else { throw CodecError(.outOfDomain, "case '\(name)' is not known to this reader") }
            return .union(name, try Self.convert(members, from: from.fields, to: to.fields, fallback: nil))
        case (.enumeration, .enumeration(let cases), .enumeration(let name)):
            guard cases.contains(where: { $0.name == name }) else {
                throw CodecError(.outOfDomain, "case '\(name)' is not known to this reader")
            }
            return self
        case (.optional(let from), .optional(let to), .optional(let value)):
            guard let value else { return self }
            return .optional(try value.converted(from: from, to: to, fallback: nil))
        case (.array(let from), .array(let to), .array(let values)):
            return .array(
                try values.map { value throws(CodecError) in try value.converted(from: from, to: to, fallback: nil) })
        case (.set(let from), .set(let to), .set(let values)):
            return .set(
                try values.map { value throws(CodecError) in try value.converted(from: from, to: to, fallback: nil) })
        case (.dictionary(let fromKey, let fromValue), .dictionary(let toKey, let toValue), .dictionary(let entries)):
            return .dictionary(
                try entries.map { entry throws(CodecError) in
                    Entry(
                        key: try entry.key.converted(from: fromKey, to: toKey, fallback: nil),
                        value: try entry.value.converted(from: fromValue, to: toValue, fallback: nil))
                })
        default:
            guard source == target else {
                throw CodecError(.typeMismatch, "the server has \(source), this client has \(target)")
            }
            return self
        }
    }

    private static func convert(
        _ members: [Member], from sources: [Field], to targets: [Field], fallback: DynamicValue?
    ) throws(CodecError) -> [Member] {
        var result: [Member] = []
        for target in targets {
            let own = fallback?[target.name]
            guard let index = sources.firstIndex(where: { $0.name == target.name }) else {
                guard let own else {
                    throw CodecError(.typeMismatch, "field '\(target.name)' is not sent and has no default value")
                }
                result.append(Member(target.name, own))
                continue
            }
            do throws(CodecError) {
                result.append(
                    Member(
                        target.name,
                        try members[index].value.converted(
                            from: sources[index].type, to: target.type, fallback: own)))
            } catch {
                throw CodecError(error.code, at: error.offset, "field '\(target.name)': \(error.message)")
            }
        }
        return result
    }
}
