/// FNV-1a, 64 bits: the same for the same bytes in every process and on every machine, unlike `Hasher`. Not for bytes
/// that an attacker may choose.
///
/// Source: draft-eastlake-fnv, section 2 (offset basis and prime for 64 bits).
package struct StableHash: Sendable {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package init(of bytes: some Sequence<UInt8>) { combine(bytes) }

    package mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
