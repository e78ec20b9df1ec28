import Foundation
import OrreryClient
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing

/// What must hold in every run, whatever happens in it. A failing seed is in the name of its test case;
/// `ORRERY_SEED=n` runs that one alone, `ORRERY_SEEDS=from..<to` others.
@Suite struct RandomScriptTests {
    static var seeds: Range<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["ORRERY_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
        let bounds = environment["ORRERY_SEEDS"]?.split(separator: "..<").compactMap { UInt64($0) } ?? []
        return bounds.count == 2 ? bounds[0]..<bounds[1] : 0..<500
    }

    @Test(arguments: seeds)
    func everyClientShowsWhatTheServerShowed(seed: UInt64) throws {
        var script = try RandomScript(seed: seed)
        var seen: [Revision?] = []
        for _ in 0..<40 {
            try script.changeWorld()
            try script.changeClients()
            script.tick()
            if script.generator.oneIn(40) { try script.restart() }
            for index in script.clients.indices {
                if seen.count <= index { seen.append(nil) }
                check(script.clients[index].client, of: script, since: &seen[index])
            }
        }
        script.settle()
        for (index, (client, _)) in script.clients.enumerated() {
            check(client, of: script, since: &seen[index])
            // When writes stop, everyone has everything.
            #expect(client.revision == script.joined.revision)
        }
        #expect(script.ledger.unansweredCount == 0, "every mutation has an outcome")
        #expect(script.ledger.wrongEffects == [], "applied ones took effect once, refused ones not")
    }

    /// Ticks go forward, are whole, and the client's bytes are the server's of that very tick.
    private func check(_ client: JoinedClient, of script: RandomScript, since seen: inout Revision?) {
        #expect(client.end == nil)
        for batch in client.takeBatches() {
            if let seen, batch.reset == nil {
                #expect(batch.epoch == seen.epoch, "another life without a word")
                #expect(batch.base == seen.tick, "a batch begins at \(batch.base), the one before ended at \(seen)")
                #expect(batch.tick >= seen.tick, "from \(seen) back to \(batch.tick)")
            } else if let seen {
                #expect(batch.epoch != seen.epoch && batch.base == .zero)
            }
            seen = Revision(epoch: batch.epoch, tick: batch.tick)
        }
        // While a new life of the world is on its way, the old one is shown, though nobody asks for it any more.
        guard client.tick > .zero, !client.session.withCore(\.isShowingVoidState),
            let server = script.history[client.revision]
        else { return }
        let expected = client.session.withCore { core in
            Self.visible(server, to: core.startedSelections, names: core.store.schemas.map(\.name))
        }
        let difference = client.contents.difference(from: expected)
        #expect(difference == nil, "at \(client.revision)")
    }

    /// What somebody with these subscriptions sees of a world.
    static func visible(_ contents: Contents, to selections: [Selection], names: [String]) -> Contents {
        contents.filtered { entity, name in
            selections.contains { selection in
                let isAsked =
                    switch selection.entities {
                    case .all: true
                    case .one(let one): one == entity
                    }
                guard isAsked else { return false }
                guard let name else { return selection.components == .all || selection.entities != .all }
                return switch selection.components {
                case .all: true
                case .some(let columns): columns.contains { names[$0.rawValue] == name }
                }
            }
        }
    }
}
