/// The cases of enumerations without payload.
enum EnumerationReflection {
    /// The cases, in the order of their index in memory.
    /// - Returns: `nil` if the type is not a `CaseIterable` enumeration without payload, or `allCases` leaves out a
    ///   case or lists one twice.
    static func cases(of type: Any.Type) -> [EnumerationCase]? {
        guard RuntimeReflection.kind(of: type) == .enumeration, RuntimeReflection.isTrivial(type),
            let iterable = type as? any CaseIterable.Type
        else { return nil }
        return cases(iterable)
    }

    /// Why ``cases(of:)`` returned `nil` for an enumeration that states its cases: `nil` if it does not.
    static func problem(with type: Any.Type) -> String? {
        guard RuntimeReflection.isTrivial(type), type is any CaseIterable.Type else { return nil }
        return "`allCases` of the enumeration \(type) leaves out a case, or lists one twice"
    }

    private static func cases<E: CaseIterable>(_ type: E.Type) -> [EnumerationCase]? {
        let all = Array(E.allCases)
        guard MemoryLayout<E>.size <= 2, all.count == caseCount(E.self) else { return nil }
        var byIndex = [EnumerationCase?](repeating: nil, count: all.count)
        for value in all {
            let index = caseIndex(of: value)
            guard index < all.count, byIndex[index] == nil, let name = RuntimeReflection.caseName(of: value) else {
                return nil
            }
            byIndex[index] = EnumerationCase(name, rawValue: (value as? any RawRepresentable).map(rawText))
        }
        return byIndex.compactMap { $0 }
    }

    /// How many cases an enumeration without payload has.
    ///
    /// An optional of it is stored in as many bytes if they have a pattern to spare: `nil` is then the first pattern
    /// after those of the cases. Otherwise all patterns are cases.
    private static func caseCount<E>(_ type: E.Type) -> Int {
        MemoryLayout<E?>.size > MemoryLayout<E>.size ? 1 << (8 * MemoryLayout<E>.size) : caseIndex(of: E?.none)
    }

    /// The index in memory of a value of an enumeration without payload.
    static func caseIndex<E>(of value: E) -> Int {
        withUnsafeBytes(of: value) { bytes in
            switch bytes.count {
            case 0: 0
            case 1: Int(bytes[0])
            default: Int(bytes.loadUnaligned(as: UInt16.self))
            }
        }
    }

    /// The case of that name.
    static func value(of type: any CaseIterable.Type, named name: String) -> Any? {
        func open<E: CaseIterable>(_ type: E.Type) -> Any? {
            E.allCases.first { RuntimeReflection.caseName(of: $0) == name }
        }
        return open(type)
    }

    private static func rawText(_ value: any RawRepresentable) -> String {
        func open(_ value: some RawRepresentable) -> String { String(describing: value.rawValue) }
        return open(value)
    }
}
