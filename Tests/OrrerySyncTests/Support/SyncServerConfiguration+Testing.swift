@testable import OrrerySync

extension SyncServerConfiguration {
    /// For tables of queries.
    static func testing(
        fieldsAreAlwaysUsed: Bool = false, evaluatesInParts: Bool = false, orderedFields: [String] = [],
        windowRowCountMax: Int = 200_000
    ) -> SyncServerConfiguration {
        var configuration = SyncServerConfiguration()
        configuration.fieldsAreAlwaysUsed = fieldsAreAlwaysUsed
        configuration.evaluatesInParts = evaluatesInParts
        configuration.orderedFields = orderedFields
        configuration.windowRowCountMax = windowRowCountMax
        return configuration
    }
}
