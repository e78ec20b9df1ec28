/// Why a server refused a request or a mutation.
///
/// The codes are the same on the wire, at the server and for the users of a client. A newer server may have codes that
/// are not listed here.
public struct RefusalCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt8

    /// Creates the code of this number, known or not.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// No such entity is alive.
    public static let unknownEntity = RefusalCode(rawValue: 1)
    /// There is no such component, or the entity does not have it.
    public static let unknownComponent = RefusalCode(rawValue: 2)
    /// The bytes are not a value of the component's schema.
    public static let undecodable = RefusalCode(rawValue: 3)
    /// The component's type does not have this value.
    public static let outOfDomain = RefusalCode(rawValue: 4)
    /// Clients may not write this component, or may not spawn or despawn.
    public static let notWritable = RefusalCode(rawValue: 5)
    /// A rule of the server refused it.
    public static let forbidden = RefusalCode(rawValue: 6)
    /// The value is not the expected one.
    public static let compareFailed = RefusalCode(rawValue: 7)
    /// The request was first sent to another life of the world, or too long ago: it may or may not have had an effect.
    /// Check the state and decide again.
    public static let outcomeUnknown = RefusalCode(rawValue: 8)
    /// Too many at a time. The request had no effect.
    public static let limitReached = RefusalCode(rawValue: 9)
    /// The request has a part that the server must understand but does not know.
    public static let notSupported = RefusalCode(rawValue: 10)
    /// The number of the subscription is already in use, or does not exist.
    public static let badSubscription = RefusalCode(rawValue: 11)
    /// The text of a query is wrong, names something that the world does not have, or costs too much.
    public static let badQuery = RefusalCode(rawValue: 12)
    /// The client cancelled the request.
    public static let cancelled = RefusalCode(rawValue: 13)

    /// The codes of this version with their names, ascending.
    package static let named: [(code: RefusalCode, name: String)] = [
        (.unknownEntity, "unknownEntity"), (.unknownComponent, "unknownComponent"), (.undecodable, "undecodable"),
        (.outOfDomain, "outOfDomain"), (.notWritable, "notWritable"), (.forbidden, "forbidden"),
        (.compareFailed, "compareFailed"), (.outcomeUnknown, "outcomeUnknown"), (.limitReached, "limitReached"),
        (.notSupported, "notSupported"), (.badSubscription, "badSubscription"),
        (.badQuery, "badQuery"), (.cancelled, "cancelled"),
    ]
}

extension RefusalCode: CustomStringConvertible {
    public var description: String {
        Self.named.first { $0.code == self }?.name ?? "refusal \(rawValue)"
    }
}

/// A request or a mutation that the server refused.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is.
    public var code: RefusalCode
    /// A sentence for people.
    public var reason: String
    /// The component's current bytes, if the refusal is about them.
    public var current: [UInt8]?

    /// Creates a refusal with its reason.
    public init(_ code: RefusalCode, _ reason: String, current: [UInt8]? = nil) {
        self.code = code
        self.reason = reason
        self.current = current
    }

    public var description: String { reason }
}
