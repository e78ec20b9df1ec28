import OrrerySchema

extension ByteWriter {
    /// Writes a reason, cut at the end of a character to what the reader takes.
    mutating func append(reason: String, sizeMax: Int) {
        append(string: reason.cut(toByteCount: sizeMax))
    }
}

extension String {
    /// As many whole characters from the beginning as fit into so many bytes of UTF-8 in normal form C.
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
