/// The systems of a schedule in the order in which they run, by stage.
struct SchedulePlan: Sendable {
    /// Within a stage, no system conflicts with another.
    private(set) var stages: [[Schedule.System]] = []

    init() {}

    /// - Complexity: O(systems² · accesses²), at start-up.
    init(_ systems: [Schedule.System]) throws(ScheduleError) {
        for (position, system) in systems.enumerated() {
            try Self.checkName(of: system, among: systems[..<position])
            try Self.checkAccesses(of: system)
        }
        for phase in Phase.allCases {
            let members = systems.filter { $0.phase == phase }
            let predecessors = try Self.predecessors(of: members, among: systems)
            stages += Self.stages(of: try Self.sorted(members, predecessors), predecessors)
        }
    }

    private static func checkName(
        of system: Schedule.System, among earlier: ArraySlice<Schedule.System>
    ) throws(ScheduleError) {
        guard let other = earlier.first(where: { $0.name == system.name }) else { return }
        throw ScheduleError(
            code: .nameTaken, system: system.name,
            sentence: "Two systems are named '\(system.name)', one in phase .\(other.phase) and one in phase "
                + ".\(system.phase); give each a name of its own.")
    }

    private static func checkAccesses(of system: Schedule.System) throws(ScheduleError) {
        let accesses = system.accesses ?? []
        for (position, access) in accesses.enumerated() {
            guard let other = accesses[..<position].first(where: { $0.excludes(access) }) else { continue }
            throw ScheduleError(
                code: .accessConflict, system: system.name,
                sentence: "System '\(system.name)' asks for both \(other.description) and \(access.description); "
                    + "name what it writes in one parameter only.")
        }
    }

    /// For each system of a phase, the names of the systems that must end before it.
    private static func predecessors(
        of members: [Schedule.System], among systems: [Schedule.System]
    ) throws(ScheduleError) -> [String: Set<String>] {
        var predecessors: [String: Set<String>] = [:]
        for system in members {
            for order in system.order {
                guard let other = systems.first(where: { $0.name == order.name }) else {
                    throw ScheduleError(
                        code: .orderUnknown, system: system.name,
                        sentence:
                            "System '\(system.name)' is ordered \(order.description), but there is no such system; "
                            + "add it, or correct the name.")
                }
                guard other.phase == system.phase else {
                    throw ScheduleError(
                        code: .orderOutsidePhase, system: system.name,
                        sentence:
                            "System '\(system.name)' of phase .\(system.phase) is ordered \(order.description) of "
                            + "phase .\(other.phase); phases have an order already, so move one of them or drop "
                            + "the order.")
                }
                switch order {
                case .before(let name): predecessors[name, default: []].insert(system.name)
                case .after(let name): predecessors[system.name, default: []].insert(name)
                }
            }
        }
        return predecessors
    }

    /// Places, each time, the system added first among those whose predecessors are all placed.
    private static func sorted(
        _ members: [Schedule.System], _ predecessors: [String: Set<String>]
    ) throws(ScheduleError) -> [Schedule.System] {
        var waiting = members
        var placed: [Schedule.System] = []
        var names: Set<String> = []
        while !waiting.isEmpty {
            guard let next = waiting.firstIndex(where: { names.isSuperset(of: predecessors[$0.name] ?? []) }) else {
                throw ScheduleError(
                    code: .orderCircular, system: waiting[0].name,
                    sentence:
                        "The systems \(waiting.map { "'\($0.name)'" }.joined(separator: ", ")) each wait for another "
                        + "of them by their order; take one order out.")
            }
            names.insert(waiting[next].name)
            placed.append(waiting.remove(at: next))
        }
        return placed
    }

    private static func stages(
        of sorted: [Schedule.System], _ predecessors: [String: Set<String>]
    ) -> [[Schedule.System]] {
        var stages: [[Schedule.System]] = []
        for system in sorted {
            let joins = stages.last?.allSatisfy { member in
                !member.conflicts(with: system) && predecessors[system.name]?.contains(member.name) != true
            }
            if joins == true {
                stages[stages.count - 1].append(system)
            } else {
                stages.append([system])
            }
        }
        return stages
    }
}
