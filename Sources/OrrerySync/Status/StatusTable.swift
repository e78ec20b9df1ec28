package import OrrerySchema
import OrreryQuery
package import OrreryStore

/// The components with which a server shows itself, in the table.
package enum StatusTable {
    /// With which their names begin.
    package static let namePrefix = QueryText.statusPrefix

    /// How many there are.
    package static let count = 5

    /// A table with them, behind the components of the world.
    /// - Precondition: `world` has no gaps, and no component whose name begins with ``QueryText/statusPrefix``.
    package static func appended(to world: ComponentTable) throws(SchemaError) -> ComponentTable {
        var entries = world.entries
        func add<C: Component>(_ type: C.Type, isResource: Bool = false) throws(SchemaError) {
            entries.append(
                .init(
                    ColumnID(entries.count), try ComponentCoder<C>().schema, isResource: isResource, isStatus: true))
        }
        try add(ServerStatus.self, isResource: true)
        try add(SystemStatus.self)
        try add(SessionStatus.self)
        try add(ComponentStatus.self)
        try add(QueryStatus.self)
        assert(entries.count == world.entries.count + count, "the components are counted")
        return ComponentTable(entries)
    }

    /// What a query of a system asks for, as a text of the language.
    package static func text(ofTerms terms: some Sequence<(component: String, isOptional: Bool)>) -> String {
        QueryText.terms(terms)
    }
}

/// What only the simulation knows of a server.
package struct SimulationReport: Sendable {
    /// The durations of ticks.
    package var ticks: TickTimes
    /// In the order in which they run.
    package var systems: [SystemStatus]

    /// How long ticks took.
    package struct TickTimes: Sendable {
        package var newest = Duration.zero
        package var mean = Duration.zero
        /// 99 of 100 took at most this.
        package var long = Duration.zero
        package var overrunCount: UInt64 = 0
        package var skippedCount: UInt64 = 0

        package init() {}
    }

    package init(ticks: TickTimes, systems: [SystemStatus]) {
        self.ticks = ticks
        self.systems = systems
    }
}

extension Duration {
    /// For people: a number with a fraction.
    package var microseconds: Double { self / .microseconds(1) }
}
