/// What a query asks beside its terms. Two queries that ask the same share a plan.
struct QueryConditions: Hashable {
    /// What must have happened to a component.
    struct Change: Hashable {
        enum Kind: Hashable {
            case added
            case changed
        }

        let component: ComponentID
        let kind: Kind
    }

    var with: [ComponentID] = []
    var without: [ComponentID] = []
    /// Of each list, at least one.
    var any: [[ComponentID]] = []
    var changes: [Change] = []

    /// The components that an entity must have for these conditions.
    var required: [ComponentID] { with + changes.map(\.component) }
    var mentioned: [ComponentID] { required + without + any.joined() }
}
