/// A server's HTTP answer, as far as it has arrived. It accepts any bytes.
package struct HTTPAnswer: Sendable {
    /// The maximum size of the kept part of a body, which is a sentence for people.
    private static let bodySizeMax = 1024
    /// The maximum number of kept first bytes, used to recognise what is not HTTP.
    private static let beginningSizeMax = 64

    private static let name = Array("HTTP/".utf8)

    private var scanner: HTTPHeadScanner
    private let limits: HTTPHeadLimits
    private var body: [UInt8] = []

    /// The first bytes.
    package private(set) var beginning: [UInt8] = []
    /// The head, once it has arrived completely and is HTTP.
    package private(set) var head: HTTPHead?
    /// The status of ``head``.
    package private(set) var status: Int?
    /// Whether the bytes are known not to be an HTTP head.
    package private(set) var isMalformed = false

    package init(limits: HTTPHeadLimits = HTTPHeadLimits()) {
        self.limits = limits
        scanner = HTTPHeadScanner(limits: limits)
    }

    package mutating func take(_ bytes: some Collection<UInt8>) {
        beginning += bytes.prefix(max(0, Self.beginningSizeMax - beginning.count))
        // Decided early, because another protocol would send its greeting and then wait.
        if !Self.name.starts(with: beginning.prefix(Self.name.count)) { isMalformed = true }
        var rest = Array(bytes)[...]
        while head == nil, !isMalformed {
            switch scanner.take(rest) {
            case .goesOn: return
            case .fails: isMalformed = true
            case .ends(let count):
                rest = rest.dropFirst(count)
                readHead()
            }
        }
        if head != nil { body += rest.prefix(max(0, Self.bodySizeMax - body.count)) }
    }

    private mutating func readHead() {
        let bytes = scanner.head
        scanner = HTTPHeadScanner(limits: limits)
        guard let head = try? HTTPHead(bytes, limits: limits), let status = Self.status(of: head.firstLine) else {
            isMalformed = true
            return
        }
        // An interim answer. Source: RFC 9110, section 15.2.
        if (100...199).contains(status), status != 101 { return }
        self.head = head
        self.status = status
    }

    /// Source: RFC 9112, section 4.
    private static func status(of line: String) -> Int? {
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, ["HTTP/1.1", "HTTP/1.0"].contains(parts[0]), parts[1].utf8.count == 3 else {
            return nil
        }
        return Int(parts[1]).flatMap { (100...999).contains($0) ? $0 : nil }
    }

    /// Whether the body has arrived too, or as much of it as is kept.
    package var isWhole: Bool {
        guard let head else { return false }
        guard let size = head.value(of: "Content-Length").flatMap({ Int($0) }) else {
            return body.count >= Self.bodySizeMax
        }
        return body.count >= min(size, Self.bodySizeMax)
    }

    /// The first line of a plain-text body, if the line has arrived completely, without unprintable characters.
    package var sentence: String? {
        guard let head, head.value(of: "Content-Type")?.lowercased().hasPrefix("text/plain") == true,
            head.value(of: "Transfer-Encoding") == nil
        else { return nil }
        return Self.sentence(in: body, size: head.value(of: "Content-Length").flatMap { Int($0) })
    }

    /// The first line of a text.
    /// - Parameter size: The length of the whole text, if known.
    package static func sentence(in text: [UInt8], size: Int?) -> String? {
        let line = text.prefix { $0 != lineFeed && $0 != carriageReturn }
        guard line.count < text.count || text.count == size, line.count <= 512,
            let sentence = String(validating: line, as: UTF8.self)
        else { return nil }
        let printable = String(
            String.UnicodeScalarView(sentence.unicodeScalars.filter { $0.properties.generalCategory != .control }))
        return printable.isEmpty ? nil : printable
    }

    /// Whether the answer begins like a TLS alert: a TLS server's reply to a peer that does not speak TLS. Source: RFC
    /// 8446, section 5.1.
    package var isTLS: Bool {
        beginning.count >= 2 && (beginning[0] == 0x15 || beginning[0] == 0x16) && beginning[1] == 3
    }

    /// Fields that do not belong to the handshake.
    package var otherFieldNames: [String] {
        let usual: Set = [
            "upgrade", "connection", "date", "server", "sec-websocket-accept", "sec-websocket-protocol",
            "sec-websocket-extensions", "sec-websocket-version",
        ]
        return head?.fields.map(\.name).filter { !usual.contains($0.lowercased()) } ?? []
    }
}
