/// Which bytes of a value's memory carry data.
package enum ValueBytes {
    /// The bytes of a type's values without the padding between and after fields, which holds whatever the memory held
    /// before.
    ///
    /// A type that cannot be inspected counts as a whole.
    package static func ranges(of type: Any.Type) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        collect(type, at: 0, into: &ranges)
        return ranges
    }

    private static func collect(_ type: Any.Type, at offset: Int, into ranges: inout [Range<Int>]) {
        func size<T>(_: T.Type) -> Int { MemoryLayout<T>.size }
        if let size = (type as? any WireLeaf.Type)?.fieldType.fixedSize {
            return append(offset..<offset + size, to: &ranges)
        }
        if let properties = RuntimeReflection.storedProperties(of: type), !properties.isEmpty {
            for property in properties { collect(property.type, at: offset + property.offset, into: &ranges) }
        } else {
            append(offset..<offset + _openExistential(type, do: size), to: &ranges)
        }
    }

    private static func append(_ range: Range<Int>, to ranges: inout [Range<Int>]) {
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else if !range.isEmpty {
            ranges.append(range)
        }
    }
}
