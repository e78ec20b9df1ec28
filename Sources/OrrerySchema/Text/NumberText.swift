extension [UInt8] {
    package mutating func append(text: String) { append(contentsOf: text.utf8) }

    /// Appends the decimal digits.
    package mutating func append(decimal value: UInt64) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var rest = value
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            append(contentsOf: digits[start...])
        }
    }

    package mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Appends the shortest decimal form that reads back as the same number, `5` and not `5.0`; `-0.0`, `NaN`,
    /// `Infinity`, `-Infinity`.
    package mutating func append(exact value: Double) {
        if let whole = value.asSmallInteger {
            append(decimal: whole)
        } else {
            append(text: value.isFinite ? value.description : value.nonFiniteName)
        }
    }

    package mutating func append(exact value: Float) {
        if let whole = Double(value).asSmallInteger {
            append(decimal: whole)
        } else {
            append(text: value.isFinite ? value.description : Double(value).nonFiniteName)
        }
    }

    /// Appends a readable form: whole numbers below a billion (10⁹) as they are, others with six significant digits,
    /// and beyond nine places with a power of ten.
    package mutating func append(compact value: Double) {
        append(compact: value, description: value.description)
    }

    package mutating func append(compact value: Float) {
        append(compact: Double(value), description: value.description)
    }

    private mutating func append(compact value: Double, description: @autoclosure () -> String) {
        if !value.isFinite { return append(text: value.nonFiniteName) }
        if let whole = value.asSmallInteger, whole.magnitude < 1_000_000_000 { return append(decimal: whole) }
        if value == 0 { return append(UInt8(ascii: "0")) }
        var number = DecimalDigits(description())
        if number.isNegative { append(UInt8(ascii: "-")) }
        number.round(to: Swift.max(6, (0...9).contains(number.point) ? number.point : 6))
        if (-3...9).contains(number.point) { append(fixed: number) } else { append(scientific: number) }
    }

    private mutating func append(fixed number: DecimalDigits) {
        if number.point <= 0 {
            append(text: "0.")
            append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -number.point))
            append(contentsOf: number.digits)
            return
        }
        append(contentsOf: number.digits.prefix(number.point))
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, number.point - number.digits.count)))
        guard number.digits.count > number.point else { return }
        append(UInt8(ascii: "."))
        append(contentsOf: number.digits.dropFirst(number.point))
    }

    private mutating func append(scientific number: DecimalDigits) {
        append(number.digits[0])
        if number.digits.count > 1 {
            append(UInt8(ascii: "."))
            append(contentsOf: number.digits.dropFirst())
        }
        append(UInt8(ascii: "e"))
        append(decimal: Int64(number.point - 1))
    }
}

extension Double {
    /// The value as an integer if it is exactly one and not minus zero.
    fileprivate var asSmallInteger: Int64? {
        guard magnitude < 9_007_199_254_740_992, self == rounded(.towardZero), !(self == 0 && sign == .minus) else {
            return nil
        }
        return Int64(self)
    }

    fileprivate var nonFiniteName: String { isNaN ? "NaN" : self < 0 ? "-Infinity" : "Infinity" }
}

/// A finite number other than zero as 0.d₁d₂d₃… × 10ᵖ, the first digit not 0.
private struct DecimalDigits {
    var isNegative = false
    /// ASCII.
    var digits: [UInt8] = []
    /// p: the number of digits before the decimal point.
    var point = 0

    /// Parses what Swift prints: `-12.5`, `1e-05`, `1.25e+16`.
    init(_ text: String) {
        var hasPoint = false
        var rest = Substring(text)
        while let character = rest.utf8.first {
            rest = rest.dropFirst()
            switch character {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): hasPoint = true
            case UInt8(ascii: "e"):
                point += Int(rest) ?? 0
                rest = ""
            default:
                if digits.isEmpty, character == UInt8(ascii: "0") {
                    if hasPoint { point -= 1 }
                } else {
                    digits.append(character)
                    if !hasPoint { point += 1 }
                }
            }
        }
        dropTrailingZeros()
    }

    mutating func round(to count: Int) {
        guard digits.count > count else { return }
        let roundsUp = digits[count] >= UInt8(ascii: "5")
        digits.removeSubrange(count...)
        if roundsUp {
            while digits.last == UInt8(ascii: "9") { digits.removeLast() }
            if digits.isEmpty {
                digits = [UInt8(ascii: "1")]
                point += 1
            } else {
                digits[digits.count - 1] += 1
            }
        }
        dropTrailingZeros()
    }

    private mutating func dropTrailingZeros() {
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    }
}
