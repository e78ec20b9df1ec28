import OrreryQuery
import OrrerySchema
import OrreryStore

/// Where the region of a query lies. If its centre is an entity, it goes with that; while nobody sees it, it stays
/// where it was seen last.
struct RegionState {
    let query: Query
    let region: Region
    /// The distance at which a member leaves, divided by the radius.
    private let leaveRatio: Double
    /// `nil` while the entity was never seen.
    private(set) var centre: Point?
    /// Whether the centre is an entity that is nowhere.
    private(set) var isLost = false
    /// When it was last lost or found.
    private(set) var changeTick = Tick.zero

    /// - Parameter centre: Where it lay when the query was last evaluated.
    init(_ query: Query, _ region: Region, around centre: Point?, leaveRatio: Double) {
        self.query = query
        self.region = region
        self.leaveRatio = leaveRatio
        self.centre = centre
    }

    /// Goes to where the centre is.
    /// - Returns: Whether it has moved.
    mutating func follow(in store: ComponentStore) -> Bool {
        let new = query.centre(in: store)
        if isLost != (new == nil) || changeTick == .zero {
            isLost = new == nil
            changeTick = store.tick
        }
        guard let new, new != centre else { return false }
        centre = new
        return true
    }

    /// Whether a client of an earlier tick does not know whether the centre is lost.
    func isNews(after cursor: Tick) -> Bool {
        guard case .entity = region.centre, changeTick > cursor else { return false }
        // Who begins anew expects to be told only of what is lost.
        return isLost || cursor > .zero
    }

    /// - Parameter insiders: The rows of those who are in it.
    func area(_ insiders: RowSet) -> Area {
        Area(region, around: centre, leaveRatio: leaveRatio, insiders: insiders)
    }
}
