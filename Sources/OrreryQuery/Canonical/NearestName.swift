/// Finds the name that was probably meant.
enum NearestName {
    /// More errors than this are another word.
    private static let distanceMax = 3
    /// Longer names are not compared, since the time grows with the square.
    private static let lengthMax = 256

    /// The candidate with the fewest errors, the first of several; `nil` if none is near. Case does not count.
    /// - Complexity: O(n²) in the length of the name, for each candidate of about that length.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let name = name.unicodeScalars.map(CaseFolding.fold)
        guard name.count <= lengthMax else { return nil }
        // A third of the name may be wrong, but not all of it.
        var limit = min(distanceMax, max(1, name.count / 3), name.count - 1)
        var nearest: String?
        for candidate in candidates {
            let distance = distance(name, candidate.unicodeScalars.map(CaseFolding.fold))
            guard distance <= limit else { continue }
            (nearest, limit) = (candidate, distance - 1)
        }
        return nearest
    }

    /// How many scalars must be inserted, removed or replaced; anything beyond the limit if there are too many.
    private static func distance(_ left: [UInt32], _ right: [UInt32]) -> Int {
        guard abs(left.count - right.count) <= distanceMax else { return .max }
        var row = Array(0...right.count)
        for (position, scalar) in left.enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for column in right.indices {
                let replaced = diagonal + (scalar == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
