import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// `~` compares simple case foldings of normal form C, however the text was sent.
@Suite struct CaseFoldingTests {
    /// Whether a text, sent scalar by scalar, contains the folded constant.
    private func contains(_ text: String, _ constant: String) throws -> Bool {
        let schema = try ComponentSchema(name: "Label", type: .structure([Field("text", .string)]))
        let store = ComponentStore(schemas: [schema])
        store.advance(to: Tick(1))
        let entity = Entity(index: 5, generation: 1)
        store.spawn(entity)
        var writer = ByteWriter()
        writer.append(scalarsOf: text)
        store[ColumnID(0)].set(5, to: writer.bytes, at: store.tick)
        let escaped = constant.unicodeScalars.map { scalar in
            String(scalar).utf16.map { "\\u" + String(String(0x10000 + Int($0), radix: 16).dropFirst()) }.joined()
        }
        let query = try Query("* where Label.text ~ \"\(escaped.joined())\"", in: store.table)
        return query.isMember(entity, of: store)
    }

    @Test(arguments: [
        ("Straße", "STRAẞE"), ("STRAẞE", "straß"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"), ("Café", "CAFE\u{301}"),
        ("Cafe\u{301}", "CAFÉ"),
        ("x\u{302}Y", "X\u{302}y"), ("\u{212a}elvin", "kel"), ("kelvin", "\u{212a}"), ("\u{10400}", "\u{10428}"),
        ("µ", "μ"), ("ſ", "S"), ("ᾈ", "ᾀ"), ("Ꭰ", "ꭰ"), ("ǅ", "ǆ"), ("Ω", "\u{2126}"), ("", ""), ("abc", ""),
        ("aaab", "AAB"), ("ababac", "abac"), ("a\u{323}\u{307}", "ạ̇"), ("a\u{307}\u{323}", "ạ̇"),
        ("각", "\u{1100}\u{1161}\u{11a8}"),
    ])
    func textsThatFoldAlike(text: String, constant: String) throws {
        #expect(try contains(text, constant))
    }

    @Test(arguments: [
        ("Straße", "STRASSE"), ("STRASSE", "ß"), ("Café", "cafe"), ("İ", "i"), ("ı", "I"), ("ﬁ", "fi"), ("abc", "abcd"),
        ("aaab", "aab "), ("é", "e"), ("x", "y"), ("", "a"), ("e\u{301}", "e"),
    ])
    func textsThatDoNot(text: String, constant: String) throws {
        #expect(try !contains(text, constant))
    }

    @Test func bytesThatAreNoTextContainNothing() throws {
        let schema = try ComponentSchema(name: "Label", type: .structure([Field("text", .string)]))
        let store = ComponentStore(schemas: [schema])
        store.advance(to: Tick(1))
        let texts: [[UInt8]] = [
            [1, 0xff], [2, 0x61, 0xc3], [3, 0xe2, 0x28, 0xa1], [5, 0x61], [], [0x80, 0], [2, 0xc3, 0xa9],
        ]
        for (row, bytes) in texts.enumerated() {
            store.spawn(Entity(index: UInt32(row), generation: 1))
            store[ColumnID(0)].set(UInt32(row), to: bytes, at: store.tick)
        }
        // Only the last one is a text.
        #expect(try Query("* where Label.text ~ \"É\"", in: store.table).members(of: store).indexes == [6])
        #expect(try Query("* where Label.text ~ \"a\"", in: store.table).members(of: store).indexes == [])
    }
}
