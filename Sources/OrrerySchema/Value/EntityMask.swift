/// Hides entities in values of one type: a field that names one who is not seen reads as none, and sets and the keys of
/// dictionaries leave it out.
package struct EntityMask: Sendable {
    private let type: FieldType
    /// Where the entities lie in a value; `nil` if values vary in size.
    private let offsets: [Int]?

    /// - Returns: `nil` for a type whose values name no entities.
    package init?(_ type: FieldType) {
        guard type.holdsEntities else { return nil }
        self.type = type
        offsets = type.fixedSize == nil ? nil : type.entityOffsets
    }

    /// The value as somebody sees it who sees only some entities.
    /// - Parameter bytes: A value of the type, in wire form. Bytes that are none are returned as they are.
    /// - Complexity: O(entities in the value); for values that vary in size O(size), with allocations for its parts.
    package func masked(_ bytes: UnsafeRawBufferPointer, sees: (Entity) -> Bool) -> [UInt8] {
        var result = Array(bytes)
        guard let offsets else {
            guard let value = try? DynamicValue(decoding: result, as: type),
                let masked = try? value.hidingEntities(sees).encoded(as: type)
            else { return result }
            return masked
        }
        for offset in offsets where offset + 8 <= result.count {
            let entity = Entity(
                index: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)),
                generation: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)))
            guard !sees(entity) else { continue }
            withUnsafeBytes(of: (Entity.none.index.littleEndian, Entity.none.generation.littleEndian)) {
                result.replaceSubrange(offset..<offset + 8, with: $0)
            }
        }
        return result
    }

    /// The value that somebody means who sees only some entities: what is left as it is seen stays as it is.
    /// - Parameters:
    ///   - new: The value as it was written.
    ///   - old: The value as it is.
    /// - Complexity: As for ``masked(_:sees:)``.
    package func restored(_ new: [UInt8], old: [UInt8], sees: (Entity) -> Bool) -> [UInt8] {
        let seen = old.withUnsafeBytes { masked($0, sees: sees) }
        guard let offsets else {
            guard let written = try? DynamicValue(decoding: new, as: type),
                let seen = try? DynamicValue(decoding: seen, as: type),
                let old = try? DynamicValue(decoding: old, as: type),
                let restored = try? written.restored(seen: seen, old: old).encoded(as: type)
            else { return new }
            return restored
        }
        var result = new
        for offset in offsets where offset + 8 <= min(new.count, old.count) {
            let field = offset..<offset + 8
            if new[field] == seen[field] { result.replaceSubrange(field, with: old[field]) }
        }
        return result
    }
}

extension FieldType {
    fileprivate var holdsEntities: Bool {
        switch self {
        case .entity: true
        case .scalar, .vector, .enumeration, .string: false
        case .structure(let fields): fields.contains { $0.type.holdsEntities }
        case .optional(let inner), .array(let inner), .set(let inner): inner.holdsEntities
        case .dictionary(let key, let value): key.holdsEntities || value.holdsEntities
        case .union(let cases): cases.contains { $0.fields.contains { $0.type.holdsEntities } }
        }
    }

    /// Where the entities lie in a value of fixed size.
    fileprivate var entityOffsets: [Int] {
        switch self {
        case .entity: return [0]
        case .structure(let fields):
            var (offsets, next) = ([Int](), 0)
            for field in fields {
                offsets += field.type.entityOffsets.map { next + $0 }
                next += field.type.fixedSize ?? 0
            }
            return offsets
        default: return []
        }
    }
}

extension DynamicValue {
    fileprivate func hidingEntities(_ sees: (Entity) -> Bool) -> DynamicValue {
        switch self {
        case .entity(let entity): .entity(sees(entity) ? entity : .none)
        case .structure(let members): .structure(members.map { $0.hidingEntities(sees) })
        case .union(let name, let members): .union(name, members.map { $0.hidingEntities(sees) })
        case .optional(let content): .optional(content?.hidingEntities(sees))
        case .array(let elements): .array(elements.map { $0.hidingEntities(sees) })
        case .set(let elements): .set(elements.filter { $0.isSeen(sees) })
        case .dictionary(let entries):
            .dictionary(
                entries.filter { $0.key.isSeen(sees) }.map {
                    Entry(key: $0.key, value: $0.value.hidingEntities(sees))
                })
        case .bool, .signed, .unsigned, .float, .double, .vector, .enumeration, .string: self
        }
    }

    /// - Parameters:
    ///   - seen: What was seen of the old value.
    ///   - old: The old value.
    fileprivate func restored(seen: DynamicValue, old: DynamicValue) -> DynamicValue {
        guard self != seen else { return old }
        switch (self, seen, old) {
        case (.structure(let new), .structure(let seen), .structure(let old)):
            return .structure(Self.restored(new, seen, old))
        case (.union(let name, let new), .union(let seenName, let seen), .union(_, let old)) where name == seenName:
            return .union(name, Self.restored(new, seen, old))
        case (.optional(let new?), .optional(let seen?), .optional(let old?)):
            return .optional(new.restored(seen: seen, old: old))
        case (.array(let new), .array(let seen), .array(let old)) where new.count == seen.count:
            return .array(zip(new, zip(seen, old)).map { $0.restored(seen: $1.0, old: $1.1) })
        // Who is hidden stays.
        case (.set(let new), .set(let seen), .set(let old)):
            return .set(new + old.filter { !seen.contains($0) && !new.contains($0) })
        case (.dictionary(let new), .dictionary(let seen), .dictionary(let old)):
            let restored = new.map { entry in
                guard let known = seen.first(where: { $0.key == entry.key }),
                    let whole = old.first(where: { $0.key == entry.key })
                else { return entry }
                return Entry(key: entry.key, value: entry.value.restored(seen: known.value, old: whole.value))
            }
            let hidden = old.filter { entry in
                !seen.contains { $0.key == entry.key } && !new.contains { $0.key == entry.key }
            }
            return .dictionary(restored + hidden)
        default: return self
        }
    }

    private static func restored(_ new: [Member], _ seen: [Member], _ old: [Member]) -> [Member] {
        guard new.count == seen.count, seen.count == old.count else { return new }
        return zip(new, zip(seen, old)).map { member, known in
            Member(member.name, member.value.restored(seen: known.0.value, old: known.1.value))
        }
    }

    /// Whether it names nobody who is not seen.
    private func isSeen(_ sees: (Entity) -> Bool) -> Bool { hidingEntities(sees) == self }
}

extension DynamicValue.Member {
    fileprivate func hidingEntities(_ sees: (Entity) -> Bool) -> Self { Self(name, value.hidingEntities(sees)) }
}
