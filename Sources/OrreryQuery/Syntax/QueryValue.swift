public import OrrerySchema

/// A value that can be interpolated into a ``QueryText``. A type that is coded as one of these values can be another:
///
/// ```swift
/// extension Kelvin: QueryValue { var queryValue: DynamicValue { .double(degrees) } }
/// ```
public protocol QueryValue {
    /// The value as a field would hold it.
    var queryValue: DynamicValue { get }
}

extension QueryValue where Self: FixedWidthInteger & SignedInteger {
    public var queryValue: DynamicValue { .signed(Int64(self)) }
}

extension QueryValue where Self: FixedWidthInteger & UnsignedInteger {
    public var queryValue: DynamicValue { .unsigned(UInt64(self)) }
}

extension Int8: QueryValue {}
extension Int16: QueryValue {}
extension Int32: QueryValue {}
extension Int64: QueryValue {}
extension Int: QueryValue {}
extension UInt8: QueryValue {}
extension UInt16: QueryValue {}
extension UInt32: QueryValue {}
extension UInt64: QueryValue {}
extension UInt: QueryValue {}

extension Float: QueryValue {
    public var queryValue: DynamicValue { .float(self) }
}

extension Double: QueryValue {
    public var queryValue: DynamicValue { .double(self) }
}

extension Bool: QueryValue {
    public var queryValue: DynamicValue { .bool(self) }
}

extension String: QueryValue {
    public var queryValue: DynamicValue { .string(self) }
}

extension Substring: QueryValue {
    public var queryValue: DynamicValue { .string(String(self)) }
}

extension Entity: QueryValue {
    public var queryValue: DynamicValue { .entity(self) }
}

extension DynamicValue: QueryValue {
    public var queryValue: DynamicValue { self }
}

extension Optional: QueryValue where Wrapped: QueryValue {
    public var queryValue: DynamicValue { .optional(map(\.queryValue)) }
}
