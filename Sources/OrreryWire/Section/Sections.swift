import OrrerySchema

/// Every message ends in sections: a kind, a length, a content. docs/PROTOCOL.md, section 3.
enum SectionKind {
    /// Added to the number of a section whose reader must not act on the message unless it knows it.
    static let mustBeUnderstood: UInt8 = 0x80
    static let numberMask: UInt8 = 0x7f
}

extension ByteWriter {
    /// Writes a section.
    /// - Parameter kind: its number, and 0x80 added where it must be understood.
    mutating func appendSection<Failure: Error>(
        _ kind: UInt8, expecting expected: Int = 0, _ body: (inout ByteWriter) throws(Failure) -> Void
    ) throws(Failure) {
        append(kind)
        try appendSized(expecting: expected, body)
    }
}

extension ByteReader {
    /// Reads the head of a section.
    /// - Returns: its number, whether it must be understood, and its content.
    mutating func readSection() throws(CodecError) -> (number: UInt8, isCritical: Bool, content: ByteReader) {
        let start = offset
        let kind = try readByte()
        let number = kind & SectionKind.numberMask
        guard number != 0 else { throw CodecError(.outOfDomain, at: start, "section 0") }
        return (number, kind & SectionKind.mustBeUnderstood != 0, try readSized())
    }

    /// Reads the sections that fill the rest.
    /// - Parameters:
    ///   - repeated: the numbers of sections that may come several times.
    ///   - read: reads a content and says whether it knows the number.
    /// - Returns: the number of the first section that must be understood and is not.
    mutating func readSections(
        repeated: ClosedRange<UInt8>? = nil, _ read: (UInt8, inout ByteReader) throws(CodecError) -> Bool
    ) throws(CodecError) -> UInt8? {
        var (low, high) = (UInt64(0), UInt64(0))
        var notUnderstood: UInt8?
        while !isAtEnd {
            let start = offset
            var (number, isCritical, content) = try readSection()
            guard try read(number, &content) else {
                if isCritical { notUnderstood = notUnderstood ?? number }
                continue
            }
            try content.expectEnd()
            let bit = UInt64(1) << UInt64(number & 63)
            let isKnown = (number < 64 ? low : high) & bit != 0
            guard !isKnown || repeated?.contains(number) ?? false else {
                throw CodecError(.outOfDomain, at: start, "section \(number) comes twice")
            }
            if number < 64 { low |= bit } else { high |= bit }
        }
        return notUnderstood
    }

    /// Reads the sections of a message that cannot be refused.
    mutating func readSectionsOrFail(
        repeated: ClosedRange<UInt8>? = nil,
        _ read: (UInt8, inout ByteReader) throws(CodecError) -> Bool = { _, _ in false }
    ) throws(CodecError) {
        guard let number = try readSections(repeated: repeated, read) else { return }
        throw .notUnderstood(number)
    }
}

extension CodecError {
    static func notUnderstood(_ section: UInt8) -> CodecError {
        CodecError(.notSupported, "section \(section) must be understood, and is not known here")
    }
}

extension Refusal {
    static func notUnderstood(_ section: UInt8) -> Refusal {
        Refusal(.notSupported, "section \(section) must be understood, and this server does not know it")
    }
}
