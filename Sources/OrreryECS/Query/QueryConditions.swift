/// A query's conditions besides its terms. Queries with the same terms and conditions share a plan.
struct QueryConditions: Hashable {
    /// A required change of a component.
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
    /// An entity must have at least one component of each list.
    var any: [[ComponentID]] = []
    var changes: [Change] = []

    /// The components that an entity must have for these conditions.
    var required: [ComponentID] { with + changes.map(\.component) }
    var mentioned: [ComponentID] { required + without + any.joined() }
}
