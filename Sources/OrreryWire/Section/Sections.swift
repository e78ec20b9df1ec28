import OrrerySchema

/// Every message ends in sections: a kind, a length, a content. docs/PROTOCOL.md, section 3.
enum SectionKind {
    /// Added to a section's number if a reader that does not know the section must not act on the message.
    static let mustBeUnderstood: UInt8 = 0x80
    static let numberMask: UInt8 = 0x7f
}

extension ByteWriter {
    /// Writes a section.
    /// - Parameter kind: The number of the section, plus 0x80 if it must be understood.
    mutating func appendSection<Failure: Error>(
        _ kind: UInt8, _ body: (inout ByteWriter) throws(Failure) -> Void
    ) throws(Failure) {
        append(kind)
        try appendSized(body)
    }
}

extension ByteReader {
    /// Reads the head of a section.
    /// - Returns: The number of the section, whether it must be understood, and its content.
    mutating func readSection() throws(CodecError) -> (number: UInt8, isCritical: Bool, content: ByteReader) {
        let start = offset
        let kind = try readByte()
        let number = kind & SectionKind.numberMask
        guard number != 0 else { throw CodecError(.outOfDomain, at: start, "section 0") }
        return (number, kind & SectionKind.mustBeUnderstood != 0, try readSized())
    }

    /// Reads sections up to the end of the message.
    /// - Parameters:
    ///   - repeated: The numbers of sections that may occur several times.
    ///   - read: Reads a content, and returns whether it knows the number.
    /// - Returns: The number of the first section that must be understood but is unknown.
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
