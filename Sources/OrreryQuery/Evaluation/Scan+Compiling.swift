import OrrerySchema
import OrreryStore

/// The values that a comparison with a constant leaves.
enum ScanPlan {
    case scan(Scan.Test)
    /// No row matches.
    case none
}

extension ScanPlan {
    /// - Returns: `nil` for types that are not scanned.
    init?(_ comparison: Comparison, _ value: ComparedValue, _ type: FieldType) {
        switch (type, value) {
        case (.scalar(.bool), .bool(let value)):
            let wanted: UInt64 = value == (comparison == .equal) ? 1 : 0
            self = .scan(.integers(.bool, low: wanted, high: wanted))
        case (.scalar(.float), .number(let number)): self = .floats(comparison, Float(number))
        case (.scalar(.double), .number(let number)): self = .doubles(comparison, number)
        case (.scalar(let scalar), .integer(let floor, let isExact)):
            self = .integers(scalar, scalar.range, comparison, floor, isExact: isExact)
        case (.enumeration(let cases), .position(let position)) where cases.count > 1:
            self = .integers(
                cases.count <= 256 ? .uint8 : .uint16, 0...Int128(cases.count - 1), comparison, Int128(position),
                isExact: true)
        case (.entity, .entity(let entity)):
            // A field that reads as none is missing, so nothing is equal to none.
            if entity == .none, comparison == .equal {
                self = .none
            } else {
                self = .scan(comparison == .equal ? .entity(entity) : .otherEntities(than: entity))
            }
        default: return nil
        }
    }

    /// Both ends of a range are included.
    init?(from low: ComparedValue, to high: ComparedValue, _ type: FieldType) {
        guard let low = ScanPlan(.greaterOrEqual, low, type), let high = ScanPlan(.lessOrEqual, high, type) else {
            return nil
        }
        switch (low, high) {
        case (.scan(.integers(let scalar, let low, _)), .scan(.integers(_, _, let high))):
            let isEmpty = scalar.isSigned ? Int64(bitPattern: low) > Int64(bitPattern: high) : low > high
            self = isEmpty ? .none : .scan(.integers(scalar, low: low, high: high))
        case (.scan(.floats(let low, _)), .scan(.floats(_, let high))):
            self = low > high ? .none : .scan(.floats(low: low, high: high))
        case (.scan(.doubles(let low, _)), .scan(.doubles(_, let high))):
            self = low > high ? .none : .scan(.doubles(low: low, high: high))
        case (.none, _), (_, .none): self = .none
        default: return nil
        }
    }

    private static func integers(
        _ scalar: Scalar, _ valid: ClosedRange<Int128>, _ comparison: Comparison, _ floor: Int128, isExact: Bool
    ) -> ScanPlan {
        var (low, high) = (valid.lowerBound, valid.upperBound)
        switch comparison {
        case .equal: (low, high) = isExact ? (max(low, floor), min(high, floor)) : (1, 0)
        case .notEqual:
            guard isExact, valid.contains(floor) else {
                return .scan(
                    .integers(
                        scalar, low: UInt64(truncatingIfNeeded: low), high: UInt64(truncatingIfNeeded: high)))
            }
            return .scan(
                .otherIntegers(
                    scalar, than: UInt64(truncatingIfNeeded: floor), high: UInt64(truncatingIfNeeded: high)))
        case .less: high = min(high, isExact ? floor - 1 : floor)
        case .lessOrEqual: high = min(high, floor)
        case .greater: low = max(low, floor + 1)
        case .greaterOrEqual: low = max(low, isExact ? floor : floor + 1)
        }
        guard low <= high else { return .none }
        return .scan(
            .integers(scalar, low: UInt64(truncatingIfNeeded: low), high: UInt64(truncatingIfNeeded: high)))
    }

    private static func floats(_ comparison: Comparison, _ value: Float) -> ScanPlan {
        if comparison == .notEqual { return .scan(.otherFloats(than: value)) }
        guard let (low, high) = interval(comparison, value) else { return .none }
        return .scan(.floats(low: low, high: high))
    }

    private static func doubles(_ comparison: Comparison, _ value: Double) -> ScanPlan {
        if comparison == .notEqual { return .scan(.otherDoubles(than: value)) }
        guard let (low, high) = interval(comparison, value) else { return .none }
        return .scan(.doubles(low: low, high: high))
    }

    /// The numbers for which a comparison other than `!=` holds, both ends included; `nil` if there are none.
    private static func interval<T: BinaryFloatingPoint>(_ comparison: Comparison, _ value: T) -> (T, T)? {
        switch comparison {
        case .equal, .notEqual: (value, value)
        case .less: value == -.infinity ? nil : (-.infinity, value.nextDown)
        case .lessOrEqual: (-.infinity, value)
        case .greater: value == .infinity ? nil : (value.nextUp, .infinity)
        case .greaterOrEqual: (value, .infinity)
        }
    }
}

extension Scalar {
    fileprivate var isSigned: Bool { [.int8, .int16, .int32, .int64].contains(self) }

    /// The values of an integer type.
    fileprivate var range: ClosedRange<Int128> {
        let bits = Int128(size * 8)
        return isSigned ? -(1 << (bits - 1))...(1 << (bits - 1)) - 1 : 0...(1 << bits) - 1
    }
}
