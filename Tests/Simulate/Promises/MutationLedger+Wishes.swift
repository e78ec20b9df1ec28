import OrreryClient
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire

/// Every operation, in every form that it has.
extension MutationLedger {
    /// Ways to spawn, then those that need an entity made for them.
    static let kindCount = 15

    /// The tally in wire form.
    private static func bytes(_ tally: Tally) -> [UInt8] { bytes(tally.mutation) + bytes(tally.weight) }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// One mutation.
    /// - Returns: what is wanted, in words; `nil` if there is nothing to want.
    func mutate(_ client: JoinedClient, kind: Int) -> String? {
        let epoch = history.life(of: client.revision.epoch)
        guard let column = client.session.withCore({ $0.table["Tally"]?.column }), worlds[epoch] != nil else {
            return nil
        }
        let number = Int64(entries.count + 1)
        // Of fields that are not named the rest is the default; of those that are not patched it is what it was.
        let (whole, named) = (Tally(mutation: number, weight: 100), Tally(mutation: number))
        let patched = Tally(mutation: number, weight: Self.targetTally.weight)
        let before = Self.bytes(Self.targetTally)
        let field = Mutation.FieldValue(path: [0], bytes: Self.bytes(number))
        func patch(_ target: Entity, expected: [UInt8]?) -> Mutation.Operation {
            .patch(target, column, [.init(path: [0], bytes: field.bytes, expected: expected)])
        }
        let (wish, operation): (Wish, Mutation.Operation)
        switch kind {
        case 0: (wish, operation) = (.spawn(whole), .spawn([.init(column, Self.bytes(whole))]))
        case 1: (wish, operation) = (.spawn(named), .spawn([.init(column, .fields([field]))]))
        case 2: (wish, operation) = (.bareSpawn, .spawn([]))
        case 3...5:
            guard let target = take(from: &bareTargets, epoch) else { return nil }
            switch kind {
            case 3:
                (wish, operation) = (.writing(target, whole), .insert(target, .init(column, Self.bytes(whole))))
            case 4: (wish, operation) = (.writing(target, named), .insert(target, .init(column, .fields([field]))))
            default:
                // It has none to be set.
                (wish, operation) = (
                    .refusal(target, whole, .unknownComponent),
                    .set(target, .init(column, Self.bytes(whole)), expected: nil)
                )
            }
        default:
            guard let target = take(from: &targets, epoch) else { return nil }
            let value = Mutation.ComponentValue(column, Self.bytes(whole))
            switch kind {
            case 6: (wish, operation) = (.removal(target), .remove(target, column))
            case 7: (wish, operation) = (.writing(target, whole), .set(target, value, expected: before))
            case 8: (wish, operation) = (.writing(target, whole), .set(target, value, expected: nil))
            case 9: (wish, operation) = (.writing(target, patched), patch(target, expected: Self.bytes(0 as Int64)))
            case 10: (wish, operation) = (.writing(target, patched), patch(target, expected: nil))
            case 11: (wish, operation) = (.writing(target, named), .insert(target, .init(column, .fields([field]))))
            case 12:
                (wish, operation) = (
                    .refusal(target, whole, .compareFailed), .set(target, value, expected: value.bytes)
                )
            case 13:
                (wish, operation) = (.refusal(target, patched, .compareFailed), patch(target, expected: field.bytes))
            default: (wish, operation) = (.ending(target), .despawn(target))
            }
        }
        return enter(wish, operation, client, column)
    }

    /// Several mutations at once, each of which goes on from the one before it.
    /// - Returns: what is wanted, in words.
    func mutateInOrder(_ client: JoinedClient, count: Int) -> String? {
        let epoch = history.life(of: client.revision.epoch)
        guard let column = client.session.withCore({ $0.table["Tally"]?.column }), worlds[epoch] != nil,
            let target = take(from: &targets, epoch)
        else { return nil }
        var previous: Int?
        for _ in 0..<count {
            let position = entries.count
            let expected = Int64(previous.map { $0 + 1 } ?? 0)
            let patch = Mutation.FieldPatch(
                path: [0], bytes: Self.bytes(Int64(position + 1)), expected: Self.bytes(expected))
            _ = enter(
                .link(target, number: Int64(position + 1), after: previous), .patch(target, column, [patch]), client,
                column)
            previous = position
        }
        return "\(count) mutations in their order up to \(entries.count)"
    }

    /// One mutation of a resource, which belongs to no entity.
    /// - Returns: what is wanted, in words.
    func mutateResource(_ client: JoinedClient, kind: Int) -> String? {
        let (column, last) = client.session.withCore { core in
            // What is shown may be of an earlier life, with another table.
            let shown = core.store.table["Log"]?.column
            return (
                core.table["Log"]?.column,
                shown.flatMap { core.store.withValue(of: .none, in: $0) { Array($0.prefix(8)) } }
            )
        }
        guard let column, worlds[client.revision.epoch] != nil else { return nil }
        let number = Int64(entries.count + 1)
        let (last8, noLines) = (Self.bytes(number), [0] as [UInt8])
        let operation: Mutation.Operation =
            switch kind {
            case 0: .insert(.none, .init(column, last8 + noLines))
            case 1: .insert(.none, .init(column, .fields([.init(path: [0], bytes: last8)])))
            case 2: .set(.none, .init(column, last8 + noLines), expected: nil)
            default: .patch(.none, column, [.init(path: [0], bytes: last8, expected: last)])
            }
        return enter(.logging(number), operation, client, column)
    }

    /// The oldest of which there are several, so that clients may know it.
    private func take(from targets: inout [Epoch: [Entity]], _ epoch: Epoch) -> Entity? {
        guard let all = targets[epoch], all.count > 4 else { return nil }
        return targets[epoch]?.removeFirst()
    }
}
