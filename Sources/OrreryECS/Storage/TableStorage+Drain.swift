internal import OrrerySchema

extension TableStorage {
    /// Appends all marked rows of a column to the changes of its component, and clears the marks.
    /// - Complexity: O(chunks / 64 + marked chunks + marked rows).
    func drain(column position: Int, into changes: (ComponentID) -> ColumnChanges) {
        let column = columns[position]
        guard let words = column.words, let summary = column.summary else { return }
        var target: ColumnChanges?
        for word in 0..<ColumnStorage.summaryCount(rows: rowCount) where summary[word] != 0 {
            var chunkBits = summary[word]
            summary[word] = 0
            while chunkBits != 0 {
                let chunk = word * 64 + chunkBits.trailingZeroBitCount
                chunkBits &= chunkBits - 1
                guard chunk < usedChunkCount else { continue }
                let changes = target ?? changes(column.component)
                target = changes
                drain(column, words + chunk * (chunkRowCount / 64), chunk: chunk, into: changes)
            }
        }
    }

    private func drain(
        _ column: ColumnStorage, _ words: UnsafeMutablePointer<UInt64>, chunk: Int, into changes: ColumnChanges
    ) {
        let marks = UnsafeMutableBufferPointer(
            start: words, count: ColumnStorage.wordCount(rows: rowCount(chunk: chunk)))
        changes.append(
            UnsafeBufferPointer(marks), entities: entities(chunk: chunk), values: chunks[chunk] + column.offset)
        marks.update(repeating: 0)
    }
}
