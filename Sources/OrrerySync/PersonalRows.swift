package import OrreryStore

/// What rules of visibility say at a tick.
package struct PersonalRows: Sendable {
    /// The entities that rules decide about.
    package var restricted = RowSet()
    /// Those of them that each personal client is shown. A client is not here until the rules have decided for it.
    package var shown: [ClientID: RowSet] = [:]

    package init() {}
}
