/// The memory of one page of a column, for scans that read many rows. Valid until the column changes.
///
/// Absent rows have bytes too (zeros, or their last value): a scan may read them, and must then ignore them.
@usableFromInline package struct PageHandle {
    /// Which rows are present: 16 words, lowest row in the lowest bit.
    @usableFromInline package let present: UnsafePointer<UInt64>
    /// The size of every value in bytes, or `nil` if it varies.
    package let valueSize: Int?
    private let values: UnsafeRawPointer

    init(present: UnsafePointer<UInt64>, values: UnsafeRawPointer, valueSize: Int?) {
        self.present = present
        self.values = values
        self.valueSize = valueSize
    }

    /// The rows that are present.
    @inlinable package var presentMask: PageMask {
        UnsafeRawPointer(present).loadUnaligned(as: PageMask.self)
    }

    /// The packed values of a column of fixed size, from a row of the page on.
    /// - Precondition: `row` is less than 1024, and the size does not vary.
    package func fixedValues(from row: Int) -> UnsafeRawPointer { values + row * valueSize! }

    /// Whether `body` holds for the bytes of a row of the page, which are valid for the call.
    ///
    /// It is not generic: generic code that is called across modules costs many times as much.
    /// - Precondition: `row` is less than 1024.
    package func isTrue(of row: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        if let valueSize { return body(UnsafeRawBufferPointer(start: values + row * valueSize, count: valueSize)) }
        return values.assumingMemoryBound(to: [UInt8].self)[row].withUnsafeBytes(body)
    }
}
