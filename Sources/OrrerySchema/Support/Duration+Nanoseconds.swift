extension Duration {
    /// Whole nanoseconds, rounded towards zero. Exact, whereas `self / .nanoseconds(1)` is a `Double`.
    /// - Precondition: Less than 292 years.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
