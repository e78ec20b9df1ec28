public import OrrerySchema

/// The text of a query. Values stand in it by interpolation, quoted as the language wants them:
///
/// ```swift
/// let hurt = try await connection.query("Health where Health.current < \(limit) and Body.name ~ \(text)")
/// let team = try await connection.query("\(Team.self) where Team.side in \([Side.red, .blue])")
/// ```
///
/// Texts, integers, floating point, `Bool`, entities and cases of enumerations can be interpolated, and collections of
/// them as lists. `nil`, NaN and `Entity.none` are missing values, which no comparison finds: whoever interpolates one
/// gets an error when the query is made, which says what to write instead.
///
/// A `String` is never taken as a part of the query without being asked for: ``init(_:)`` does that.
public struct QueryText: Hashable, Sendable {
    private(set) var text: String
    /// Why it is no text of a query: the first value that cannot be written.
    private(set) var fault: QueryError?

    /// A text of the language as it is, such as one that a person typed.
    public init(_ text: String) {
        self.text = text
    }

    /// What cannot be written.
    init(fault: QueryError) {
        text = "…"
        self.fault = fault
    }

    /// A value, quoted.
    init(_ value: DynamicValue) {
        switch value {
        case .bool(let value): self.init(value ? "true" : "false")
        case .signed(let number): self.init(number.description)
        case .unsigned(let number): self.init(number.description)
        case .float(let number): self.init(number: number)
        case .double(let number): self.init(number: number)
        case .string(let text): self.init(QuerySpelling.text(text))
        case .entity(.none): self.init(fault: QueryError(.syntax, column: 1, expected: Self.noneAdvice))
        case .entity(let entity): self.init(QuerySpelling.entity(entity))
        case .enumeration(let name), .union(let name, _): self.init(QuerySpelling.name(name))
        case .optional(let content?): self.init(content)
        case .optional(nil): self.init(fault: QueryError(.syntax, column: 1, expected: Self.nilAdvice))
        case .vector, .structure, .array, .set, .dictionary:
            self.init(fault: QueryError(.type, column: 1, expected: "a single value, not \(value)"))
        }
    }

    /// Texts with commas between them.
    package init(joining parts: [QueryText]) {
        self.init("")
        for (position, part) in parts.enumerated() {
            if position > 0 { text += ", " }
            append(part)
        }
    }

    private init(number: some BinaryFloatingPoint & CustomStringConvertible) {
        guard !number.isNaN else {
            self.init(fault: QueryError(.syntax, column: 1, expected: Self.nanAdvice))
            return
        }
        self.init(QuerySpelling.number(number))
    }

    static let nilAdvice = "a value; write is nil to ask for nil"
    static let nanAdvice = "a value; write is nan to ask for NaN"
    private static let noneAdvice = "an entity; write is nil to ask for no entity"

    /// The text.
    /// - Throws: ``QueryError`` for an interpolated value that cannot be written, with its column in the text, and for
    ///   a text that is too long.
    package func checked() throws(QueryError) -> String {
        if let fault { throw fault }
        try Parser.checkSize(of: text, limits: QueryLimits())
        return text
    }

    /// Appends another text as it is.
    /// - Complexity: O(length of both).
    fileprivate mutating func append(_ other: QueryText) {
        if fault == nil, var new = other.fault {
            new.column += text.unicodeScalars.count
            fault = new
        }
        text += other.text
    }
}

extension QueryText: CustomStringConvertible {
    /// The text, with `…` for values that cannot be written.
    public var description: String { text }
}

extension QueryText: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) {
        self.init(text)
    }

    public init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.result
    }

    /// Collects a text with its values.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var result = QueryText("")

        public init(literalCapacity: Int, interpolationCount: Int) {}

        public mutating func appendLiteral(_ literal: String) { result.text += literal }

        /// A value: a text in quotes, a number, `true`, an entity such as `12v3`.
        public mutating func appendInterpolation(_ value: some QueryValue) {
            result.append(QueryText(value.queryValue))
        }

        /// A value that must not be nil.
        public mutating func appendInterpolation(_ value: (some QueryValue)?) {
            result.append(QueryText(value.queryValue))
        }

        /// A case of an enumeration without payload, by its name.
        public mutating func appendInterpolation(_ value: (some CaseIterable)?) {
            result.append(QueryText(DynamicValue(caseOf: value)))
        }

        /// A list for `in`, such as `(3, 7)`.
        public mutating func appendInterpolation(_ values: some Collection<some QueryValue>) {
            appendList(values.map(\.queryValue))
        }

        /// A list of cases for `in`, such as `(red, blue)`.
        public mutating func appendInterpolation(_ values: some Collection<some CaseIterable>) {
            appendList(values.map { DynamicValue(caseOf: $0) })
        }

        /// The name of a component.
        public mutating func appendInterpolation<C: Component>(_ type: C.Type) {
            appendLiteral(QuerySpelling.name(C.componentName))
        }

        /// A condition, in brackets if it has parts.
        public mutating func appendInterpolation(_ condition: QueryCondition) {
            result.append(condition.textOfOperand)
        }

        /// A part of a query, as it is.
        public mutating func appendInterpolation(_ part: QueryText) { result.append(part) }

        private mutating func appendList(_ values: [DynamicValue]) {
            result.append("(\(QueryText(joining: values.map { QueryText($0) })))")
        }
    }
}

/// Texts of subscriptions to whole components.
extension QueryText {
    /// Everyone who has any of these components, of which they are shown.
    /// - Precondition: At least one is named.
    package static func any(of components: [String]) -> String {
        components.map(QuerySpelling.name).joined(separator: " | ")
    }

    /// Those of these components that each listed entity has; everything for `nil`. The entities stand beside the text.
    package static func ofListed(_ components: [String]?) -> String {
        components.map { $0.map { "\(QuerySpelling.name($0))?" }.joined(separator: ", ") } ?? ""
    }

    /// With which the names of all begin with which a server shows itself; no component of a world has such a name.
    package static let statusPrefix = "orrery."

    /// The terms of a query, each a component that must be there, or that may be.
    package static func terms(_ terms: some Sequence<(component: String, isOptional: Bool)>) -> String {
        terms.map { "\(QuerySpelling.name($0.component))\($0.isOptional ? "?" : "")" }.joined(separator: ", ")
    }

    package static func resource(_ resource: String) -> String { "resource \(QuerySpelling.name(resource))" }
}
