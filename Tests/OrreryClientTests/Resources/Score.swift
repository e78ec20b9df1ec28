import OrrerySchema
import OrreryServer
import OrreryTesting

/// A resource that clients may write.
struct Score: Component, Equatable {
    var points: Int32 = 0
    var best: Int32 = 7
    var leader = Entity.none
    var mean = 0.0
}

/// A resource of varying size, for the server alone.
struct Motto: Component, Codable, Equatable { var text = "" }

extension JoinedWorld {
    /// A world with these two resources; clients may give at most 100 points.
    static func withResources() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(
                resource: Score.self,
                writable: .byClients(judge: { write in
                    guard write.entity == nil else { return .refuse("it has an entity") }
                    let best = write.old?.best ?? 100
                    return write.new?.points ?? 0 <= 100 ? .allow : .refuse("more than 100, the best is \(best)")
                }))
            try sync.register(resource: Motto.self)
            sync.spawning = .byClients
        }
    }
}
