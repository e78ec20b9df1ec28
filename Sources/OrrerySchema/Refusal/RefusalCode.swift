/// Why a server refused a request or a mutation. The same codes on the wire, at the server and for the users of a
/// client.
///
/// Open: a newer server may have codes that are not listed here.
public struct RefusalCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt8

    /// The code of this number, known or not.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// No such entity is alive.
    public static let unknownEntity = RefusalCode(rawValue: 1)
    /// There is no such component, or the entity does not have it.
    public static let unknownComponent = RefusalCode(rawValue: 2)
    /// The bytes are no value of the component's schema.
    public static let undecodable = RefusalCode(rawValue: 3)
    /// A value that the component's type does not have.
    public static let outOfDomain = RefusalCode(rawValue: 4)
    /// Clients may not write this component, or spawn, or despawn.
    public static let notWritable = RefusalCode(rawValue: 5)
    /// A rule of the server said no.
    public static let forbidden = RefusalCode(rawValue: 6)
    /// The value is not the expected one.
    public static let compareFailed = RefusalCode(rawValue: 7)
    /// First sent to another life of the world, or too long ago: it may have had its effect, or not. Look at the state
    /// and decide anew.
    public static let outcomeUnknown = RefusalCode(rawValue: 8)
    /// Too many at a time. It had no effect.
    public static let limitReached = RefusalCode(rawValue: 9)
    /// The request has a part that this server does not know and that must be understood.
    public static let notSupported = RefusalCode(rawValue: 10)
    /// The number of the subscription is in use, or not.
    public static let badSubscription = RefusalCode(rawValue: 11)

    /// The codes of this version with their names, ascending.
    package static let named: [(code: RefusalCode, name: String)] = [
        (.unknownEntity, "unknownEntity"), (.unknownComponent, "unknownComponent"), (.undecodable, "undecodable"),
        (.outOfDomain, "outOfDomain"), (.notWritable, "notWritable"), (.forbidden, "forbidden"),
        (.compareFailed, "compareFailed"), (.outcomeUnknown, "outcomeUnknown"), (.limitReached, "limitReached"),
        (.notSupported, "notSupported"), (.badSubscription, "badSubscription"),
    ]
}

extension RefusalCode: CustomStringConvertible {
    public var description: String {
        Self.named.first { $0.code == self }?.name ?? "refusal \(rawValue)"
    }
}

/// A request or a mutation that was not granted.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is.
    public var code: RefusalCode
    /// A sentence for people.
    public var reason: String
    /// The bytes that the component has, where that is what the refusal is about.
    public var current: [UInt8]?

    /// A refusal with its reason.
    public init(_ code: RefusalCode, _ reason: String, current: [UInt8]? = nil) {
        self.code = code
        self.reason = reason
        self.current = current
    }

    public var description: String { reason }
}
