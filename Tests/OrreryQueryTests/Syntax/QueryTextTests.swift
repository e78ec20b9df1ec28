import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

/// Values that are interpolated into a text are quoted, and read back as they were.
@Suite struct QueryTextTests {
    struct Written: Sendable, CustomTestStringConvertible {
        var text: QueryText
        var expected: String

        init(_ text: QueryText, _ expected: String) {
            (self.text, self.expected) = (text, expected)
        }

        var testDescription: String { expected }
    }

    struct Kelvin: QueryValue {
        var degrees: Double
        var queryValue: DynamicValue { .double(degrees) }
    }

    private static let ship = Entity(index: 12, generation: 3)
    private static let number: Int? = 5
    private static let text = "a\" or has Frozen or Body.name = \"b"

    @Test(arguments: [
        Written("Health", "Health"), Written(QueryText(text), text), Written("\(QueryText("a"))b", "ab"),
        Written("x = \(5) \(-5) \(UInt64.max) \(Int64.min)", "x = 5 -5 18446744073709551615 -9223372036854775808"),
        Written("\(Int8(1))\(Int16(2))\(Int32(3))\(UInt8(4))\(UInt16(5))\(UInt32(6))\(UInt(7))", "1234567"),
        Written("\(0.1) \(Float(0.1)) \(1e300) \(-0.0) \(3.0)", "0.1 0.1 1e+300 -0 3"),
        Written("\(Double.infinity) \(-Float.infinity)", "infinity -infinity"),
        Written("\("mar") \(text)", #""mar" "a\" or has Frozen or Body.name = \"b""#),
        Written("\("a\nb".prefix(2)) \("\u{0}\u{7f}é")", #""a\n" "\u0000\u007fé""#),
        Written("\(true) \(false)", "true false"), Written("\(ship)", "12v3"),
        Written("\(Side.blue) \(Side.true) \(Side?.some(.red))", "blue `true` red"),
        Written("\(number) \(Int??.some(6))", "5 6"),
        Written("\([1, 2]) \([Int]()) \(["a", "b"])", #"(1, 2) () ("a", "b")"#),
        Written("\([ship]) \([Side.red, .true]) \(Set([1.5]))", "(12v3) (red, `true`) (1.5)"),
        Written("\([number, 6]) \(1...3)", "(5, 6) (1, 2, 3)"), Written("\(Kelvin(degrees: 3))", "3"),
        Written("\(DynamicValue.enumeration("light blue")) \(DynamicValue.signed(3))", "`light blue` 3"),
        Written("\(Health.self), \(Pair<Int, Double>.self)", "Health, `Pair<Int, Double>`"),
        Written(
            "\(.has(Frozen.self) as QueryCondition) \(!(.has(Health.self) || .anyNaN) as QueryCondition)",
            "has Frozen not (has Health or is nan)"),
        Written("not \(.has(Frozen.self) && .anyNaN as QueryCondition)", "not (has Frozen and is nan)"),
        Written("\(Health.self) where \("Health.current < \(5)" as QueryText)", "Health where Health.current < 5"),
    ])
    func valuesAreQuoted(written: Written) throws {
        #expect(try written.text.checked() == written.expected)
        #expect(written.text.description == written.expected)
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var text: QueryText
        var kind: QueryError.Kind
        var column: Int
        var expected: String

        init(_ text: QueryText, _ kind: QueryError.Kind, _ column: Int, _ expected: String) {
            (self.text, self.kind, self.column, self.expected) = (text, kind, column, expected)
        }

        var testDescription: String { "\(text)" }
    }

    @Test(arguments: [
        Wrong("x = \(Int?.none)", .syntax, 5, "write is nil"),
        Wrong("é\u{301} \(Side?.none)", .syntax, 4, "write is nil"),
        Wrong("x = \(Double.nan)", .syntax, 5, "write is nan"), Wrong("x = \(-Float.nan)", .syntax, 5, "write is nan"),
        Wrong("x in \([1, nil, Int?.none])", .syntax, 10, "write is nil"),
        Wrong("x = \(Double?.some(.nan))", .syntax, 5, "write is nan"),
        Wrong("x = \(Entity.none)", .syntax, 5, "write is nil"),
        Wrong("\("\(1) = \(Int?.none)" as QueryText) \(Double.nan)", .syntax, 5, "write is nil"),
        Wrong("x in \(Array(repeating: 5, count: 1400))", .limit, 4097, "4096 bytes"),
        Wrong("x = \(DynamicValue.array([.signed(3)]))", .type, 5, "a single value"),
    ])
    func aMissingValueIsAnErrorWithTheWordsForIt(wrong: Wrong) {
        let error = #expect(throws: QueryError.self) { try wrong.text.checked() }
        #expect(error?.kind == wrong.kind && error?.column == wrong.column)
        #expect(error?.expected.contains(wrong.expected) == true, "\(String(describing: error))")
    }

    @Test(arguments: seeds(20))
    func valuesReadBackAsTheyWere(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let table = try ComponentTable.typed()
        func condition(_ text: QueryText) throws -> Constant? {
            guard case .comparison(_, .equal, let constant)? = try Query(text.checked(), in: table).condition else {
                return nil
            }
            return constant
        }
        for _ in 0..<50 {
            let double = Double(bitPattern: .random(in: 0...UInt64.max, using: &generator))
            let float = Float(bitPattern: .random(in: 0...UInt32.max, using: &generator))
            if !double.isNaN, !float.isNaN {
                #expect(try condition("* where Precise.d = \(double)") == .double(bits: (double + 0).bitPattern))
                #expect(try condition("* where \(float) = Velocity.spin") == .float(bits: (float + 0).bitPattern))
            }
            let scalars = (0..<Int.random(in: 0...9, using: &generator)).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(in: 0...[0x7f, 0x3ff, 0x10ffff].randomElement(using: &generator)!, using: &generator))
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            #expect(try condition("* where Body.name = \(String(text))") == .text(Array(String(text).utf8)))
            let entity = Entity(
                index: .random(in: 0...UInt32.max - 1, using: &generator),
                generation: .random(in: 0...UInt32.max, using: &generator))
            #expect(try condition("* where Target.entity = \(entity)") == .entity(entity))
            let integer = Int64(bitPattern: .random(in: 0...UInt64.max, using: &generator))
            #expect(
                try condition("* where Precise.i = \(integer)")
                    == condition(QueryText("* where Precise.i = \(integer)")))
        }
    }
}
