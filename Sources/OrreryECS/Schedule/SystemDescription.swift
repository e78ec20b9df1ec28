internal import OrrerySchema

/// A query that is a parameter of a system.
package struct SystemQuery: Sendable {
    /// What the query says about one component.
    package struct Term: Sendable {
        package let component: String
        /// Whether entities without the component match too.
        package let isOptional: Bool

        init<T: QueryTerm>(_ term: T.Type) {
            component = T.Value.componentName
            isOptional = T.isOptional
        }
    }

    package let terms: [Term]
    let entityCount: @Sendable (World) -> Int

    init(terms: [Term], entityCount: @escaping @Sendable (World) -> Int) {
        self.terms = terms
        self.entityCount = entityCount
    }
}

/// A system, for people who want to know what a server does.
package struct SystemDescription: Sendable {
    package let name: String
    package let phase: Phase
    /// The number of its stage in the tick, from 0.
    package let stage: Int
    /// What its parameters ask for. How its closure narrows them is not known.
    package let queries: [SystemQuery]
    /// Entities that its queries match, together.
    package let entityCount: Int
    /// `nil` before its first run.
    package let timings: SystemTimings?
}

extension Schedule {
    /// The systems in the order in which they run; none if the schedule is not valid.
    /// - Complexity: O(systems x tables); O(entities) for queries of sparse components.
    package func describeSystems(on world: World) -> [SystemDescription] {
        ((try? plan.get())?.stages ?? []).enumerated().flatMap { number, stage in
            stage.map { system in
                let run = world.systemRuns[ObjectIdentifier(system.identity)]
                return SystemDescription(
                    name: system.name, phase: system.phase, stage: number, queries: system.queries,
                    // Before the first run, the world may not know the components.
                    entityCount: run == nil ? 0 : system.queries.reduce(0) { $0 + $1.entityCount(world) },
                    timings: run?.timings)
            }
        }
    }
}
