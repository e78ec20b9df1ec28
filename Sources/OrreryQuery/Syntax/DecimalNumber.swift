/// A number exactly as it was written, without its spelling: `5`, `5.0` and `50e-1` are equal.
///
/// Integer fields are compared with the exact number. Float and Double fields are compared with it rounded once.
package struct DecimalNumber: Hashable, Sendable {
    /// False for zero.
    package let isNegative: Bool
    /// Decimal digits (0 to 9) without zeros at the beginning and the end; empty for zero.
    package let digits: [UInt8]
    /// The value is the digits times ten to this power; 0 for zero.
    package let exponent: Int

    /// Beyond any exponent that a text can hold in digits. Larger ones are cut, so that sums cannot overflow.
    private static let exponentMax = 1_000_000_000

    /// - Parameter digits: All digits that were written, before and after the point.
    /// - Parameter exponent: The power of ten of the last digit.
    init(isNegative: Bool, digits: some Collection<UInt8>, exponent: Int) {
        let significant = Array(digits.drop { $0 == 0 })
        let zeroCount = significant.reversed().prefix { $0 == 0 }.count
        self.digits = significant.dropLast(zeroCount)
        let isZero = self.digits.isEmpty
        self.isNegative = isNegative && !isZero
        self.exponent = isZero ? 0 : min(max(exponent + zeroCount, -Self.exponentMax), Self.exponentMax)
    }

    /// The nearest integer that is not above the number, and whether it is the number itself. Saturates far beyond
    /// 64 bits, where all comparisons with integer fields have the same answer.
    var floor: (value: Int128, isExact: Bool) {
        let integerDigitCount = digits.count + exponent
        let isExact = exponent >= 0
        var magnitude: Int128 = 0
        if integerDigitCount > 30 {
            magnitude = Int128(1) << 100
        } else if integerDigitCount > 0 {
            for position in 0..<integerDigitCount {
                magnitude = magnitude * 10 + (position < digits.count ? Int128(digits[position]) : 0)
            }
        }
        guard isNegative else { return (magnitude, isExact) }
        return (isExact ? -magnitude : -magnitude - 1, isExact)
    }

    package init(magnitude: UInt64, isNegative: Bool) {
        self.init(
            isNegative: isNegative, digits: String(magnitude).utf8.map { $0 - UInt8(ascii: "0") }, exponent: 0)
    }

    /// Without its sign; `nil` unless it is a whole number of at most 64 bits.
    package var magnitude: UInt64? { floor.isExact ? UInt64(exactly: floor.value.magnitude) : nil }

    /// The nearest Double; infinity beyond the largest.
    var double: Double { Double(spelling)! }

    /// The nearest Float, rounded in one step; infinity beyond the largest.
    var float: Float { Float(spelling)! }

    private var spelling: String {
        "\(isNegative ? "-" : "")\(digits.isEmpty ? "0" : text(of: digits[...]))e\(exponent)"
    }

    private func text(of digits: ArraySlice<UInt8>) -> String {
        String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    }
}

extension DecimalNumber: CustomStringConvertible {
    /// The number as a query may hold it: without an exponent where that is short.
    package var description: String {
        let sign = isNegative ? "-" : ""
        let point = digits.count + exponent
        if exponent >= 0, point <= 40 {
            return sign + (digits.isEmpty ? "0" : text(of: digits[...])) + String(repeating: "0", count: exponent)
        }
        if exponent < 0, point > 0 {
            return "\(sign)\(text(of: digits[..<point])).\(text(of: digits[point...]))"
        }
        if exponent < 0, point > -6 {
            return "\(sign)0.\(String(repeating: "0", count: -point))\(text(of: digits[...]))"
        }
        return "\(sign)\(text(of: digits[...]))e\(exponent)"
    }
}
