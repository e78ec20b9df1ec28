import OrrerySchema

/// What has no padding, so that all its bytes count.
protocol Blank: BitwiseCopyable, Sendable {
    init()
}

extension UInt8: Blank {}
extension UInt16: Blank {}
extension UInt32: Blank {}
extension UInt64: Blank {}

struct Twice<Part: Blank>: Blank { var parts = (Part(), Part()) }
struct Thrice<Part: Blank>: Blank { var parts = (Part(), Part(), Part()) }
struct FiveTimes<Part: Blank>: Blank { var parts = (Part(), Part(), Part(), Part(), Part()) }
struct SevenTimes<Part: Blank>: Blank { var parts = (Part(), Part(), Part(), Part(), Part(), Part(), Part()) }

/// A component of as many plain bytes as its content.
struct Bytes<Content: Blank>: Component, BitwiseCopyable, Hashable {
    var content = Content()

    static var componentName: String { "\(Self.self)" }

    init() {}

    /// Other bytes for another number, and no two alike beside each other.
    init(number: Int) {
        withUnsafeMutableBytes(of: &content) { bytes in
            for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: number &* 41 &+ index &* 7) }
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        withUnsafeBytes(of: left.content) { left in withUnsafeBytes(of: right.content) { left.elementsEqual($0) } }
    }

    func hash(into hasher: inout Hasher) { withUnsafeBytes(of: content) { hasher.combine(bytes: $0) } }
}

/// 512 bytes and 1024.
typealias HalfKilobyte = Bytes<Twice<Twice<Twice<Twice<Twice<Twice<UInt64>>>>>>>
typealias Kilobyte = Bytes<Twice<Twice<Twice<Twice<Twice<Twice<Twice<UInt64>>>>>>>>
