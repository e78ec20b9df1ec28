import OrrerySchema

extension ByteWriter {
    /// Writes a reason, cut to the reader's limit at the end of a character.
    mutating func append(reason: String, sizeMax: Int) {
        append(string: reason.cut(toByteCount: sizeMax))
    }
}

extension String {
    /// The longest prefix of whole characters that fits into `max` bytes of UTF-8 in normal form C.
    func cut(toByteCount max: Int) -> String {
        guard canonicalUTF8.count > max else { return self }
        var size = 0
        return String(
            prefix { character in
                size += String(character).canonicalUTF8.count
                return size <= max
            })
    }
}
