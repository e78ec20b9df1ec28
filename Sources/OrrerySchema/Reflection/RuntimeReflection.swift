// The only file that uses the standard library's SPI: field metadata, trivial types, names of cases, normal form C.
// Everything it provides can be stated by hand instead (`SchemaProviding`).
@_spi(Reflection) @_spi(_Unicode) import Swift

/// What the runtime knows of one stored property.
struct StoredProperty {
    var name: String
    var offset: Int
    var type: Any.Type
}

enum RuntimeReflection {
    enum Kind { case structure, enumeration, other }

    /// The stored properties of a struct in order of declaration, or `nil` if the type cannot be inspected.
    static func storedProperties(of type: Any.Type) -> [StoredProperty]? {
        guard kind(of: type) == .structure else { return nil }
        var properties: [StoredProperty] = []
        let complete = _forEachField(of: type, options: []) { name, offset, type, _ in
            properties.append(StoredProperty(name: String(cString: name), offset: offset, type: type))
            return true
        }
        return complete ? properties : nil
    }

    static func kind(of type: Any.Type) -> Kind {
        // The runtime reports the kind of a stored property, so the type is wrapped in one.
        func open<T>(_: T.Type) -> Kind {
            var kind = Kind.other
            _ = _forEachField(of: Holder<T>.self, options: []) { _, _, _, found in
                kind = found == .struct ? .structure : found == .enum ? .enumeration : .other
                return true
            }
            return kind
        }
        return _openExistential(type, do: open)
    }

    private struct Holder<T> {
        var value: T
    }

    /// Whether values of the type are copied bit by bit.
    static func isTrivial(_ type: Any.Type) -> Bool {
        func open<T>(_: T.Type) -> Bool { _isPOD(T.self) }
        return _openExistential(type, do: open)
    }

    /// The name of the case of an enumeration value.
    static func caseName(of value: some Any) -> String? {
        enumCaseName(value).map { String(cString: $0) }
    }
}

@_silgen_name("swift_EnumCaseName")
private func enumCaseName<T>(_ value: T) -> UnsafePointer<CChar>?

extension String {
    /// The UTF-8 bytes of the normal form C: the same for all strings that are equal in Swift.
    /// - Complexity: O(n); ASCII is not converted.
    package var canonicalUTF8: [UInt8] {
        let plain = Array(utf8)
        if plain.allSatisfy({ $0 < 0x80 }) { return plain }
        var normal: [UInt8] = []
        normal.reserveCapacity(plain.count)
        for scalar in _nfc { normal.append(contentsOf: UTF8.encode(scalar)!) }
        return normal
    }
}
