/// Copies values of one bitwise component from the wire into memory.
package struct BitwiseReader: Sendable {
    private let layout: BitwiseLayout

    init(_ layout: BitwiseLayout) {
        self.layout = layout
    }

    /// - Parameter memory: Room for one value, of the component's stride.
    /// - Returns: Whether the bytes are a value. If not, `memory` must not be read.
    package func read(_ bytes: UnsafeRawBufferPointer, into memory: UnsafeMutableRawPointer) -> Bool {
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: layout.stride)
        do throws(CodecError) {
            try layout.unpack(bytes, into: memory)
            return true
        } catch {
            return false
        }
    }
}
