import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// What waits for a slow reader: bounded in number, of two lives at most, and complete.
@Suite struct WaitingBatchesTests {
    private let entity = Entity(index: 1, generation: 1)
    private let entry: ComponentTable.Entry

    init() throws {
        entry = .init(ColumnID(0), try ComponentSchema(name: "Count", type: .scalar(.uint8)))
    }

    private func append(
        _ cause: Change.Cause, _ old: UInt8? = nil, _ new: UInt8? = nil, to list: inout ChangeList
    ) {
        withBytes(old) { old in withBytes(new) { new in list.append(cause, entity, entry, old: old, new: new) } }
    }

    private func withBytes(_ byte: UInt8?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let byte else { return body(nil) }
        withUnsafeBytes(of: byte) { body($0) }
    }

    private func batch(_ tick: UInt64, life: UInt64 = 1, _ fill: (inout ChangeList) -> Void) -> AppliedBatch {
        var batch = AppliedBatch(epoch: Epoch(life), base: Tick(tick - 1), tick: Tick(tick))
        fill(&batch.list)
        return batch
    }

    /// A value that changes.
    private func step(_ tick: UInt64, life: UInt64 = 1, from old: UInt8) -> AppliedBatch {
        batch(tick, life: life) { append(.set, old, old + 1, to: &$0) }
    }

    /// Another life begins: what was shown, `old`, goes, and `new` comes.
    private func reset(life: UInt64, from old: UInt8, to new: UInt8) -> AppliedBatch {
        var batch = AppliedBatch(epoch: Epoch(life), base: .zero, tick: Tick(1))
        batch.reset = .otherEpoch
        append(.reset, old, nil, to: &batch.ended)
        batch.ended.append(.reset, entity)
        batch.list.append(.entered, entity)
        append(.entered, nil, new, to: &batch.list)
        return batch
    }

    private func words(_ batch: AppliedBatch) -> [String] {
        batch.changes.map { change in
            let value = { (bytes: ArraySlice<UInt8>?) in bytes?.first.map { "\($0)" } ?? "-" }
            return change.component == nil
                ? "\(change.cause)" : "\(change.cause) \(value(change.old))>\(value(change.new))"
        }
    }

    @Test func theNewestAreMergedAndKeepTheFirstOldAndTheLastNewValue() {
        var waiting = WaitingBatches(countMax: 2)
        for tick in 2...9 as ClosedRange<UInt64> { waiting.append(step(tick, from: UInt8(tick))) }
        #expect(waiting.batches.map(words) == [["set 2>3"], ["set 3>10"]])
        #expect(
            waiting.batches.map(\.base) == [Tick(1), Tick(2)] && waiting.batches.map(\.tick) == [Tick(2), Tick(9)])
        #expect(waiting.popFirst().map(words) == ["set 2>3"])
        #expect(waiting.popFirst().map(words) == ["set 3>10"])
        #expect(waiting.popFirst() == nil && waiting.isEmpty)
    }

    @Test func whatWentAndCameBackIsNotTakenForOneValue() {
        var waiting = WaitingBatches(countMax: 1)
        waiting.append(step(2, from: 1))
        waiting.append(batch(3) { append(.removed, 2, nil, to: &$0) })
        waiting.append(batch(4) { append(.set, nil, 7, to: &$0) })
        waiting.append(step(5, from: 7))
        #expect(waiting.batches.map(words) == [["set 1>2", "removed 2>-", "set ->8"]])
    }

    @Test func whatEnteredStaysWhatEntered() {
        var waiting = WaitingBatches(countMax: 1)
        waiting.append(
            batch(2) { list in
                list.append(.entered, entity)
                append(.entered, nil, 1, to: &list)
            })
        waiting.append(step(3, from: 1))
        #expect(waiting.batches.map(words) == [["entered", "entered ->2"]])
    }

    @Test func subscriptionsThatStartedAreKept() {
        var waiting = WaitingBatches(countMax: 1)
        for number in 1...3 as ClosedRange<UInt32> {
            var next = step(UInt64(number) + 1, from: UInt8(number))
            next.started = [SubscriptionID(number)]
            waiting.append(next)
        }
        #expect(waiting.batches.map(\.started) == [[1, 2, 3].map { SubscriptionID($0) }])
    }

    @Test(arguments: [1, 2, 3, 64])
    func nothingMergesAcrossAReset(countMax: Int) {
        var waiting = WaitingBatches(countMax: countMax)
        waiting.append(step(2, from: 1))
        waiting.append(step(3, from: 2))
        waiting.append(reset(life: 2, from: 3, to: 50))
        waiting.append(step(2, life: 2, from: 50))
        waiting.append(step(3, life: 2, from: 51))
        let lives = waiting.batches.map(\.epoch)
        #expect(lives == lives.sorted { $0.rawValue < $1.rawValue })
        let old = waiting.batches.filter { $0.epoch == Epoch(1) }.flatMap(words)
        let new = waiting.batches.filter { $0.epoch == Epoch(2) }
        #expect(old == (countMax == 1 ? ["set 1>3"] : ["set 1>2", "set 2>3"]))
        #expect(new.first?.reset == .otherEpoch && new.dropFirst().allSatisfy { $0.reset == nil })
        let merged = new.flatMap(words)
        #expect(merged.prefix(3) == ["reset 3>-", "reset", "entered"])
        #expect(merged.last?.hasSuffix(">52") == true)
    }

    @Test func aLifeThatEndedUnreadIsLeftOutWhole() {
        var waiting = WaitingBatches(countMax: 64)
        waiting.append(step(2, from: 1))
        waiting.append(reset(life: 2, from: 2, to: 50))
        waiting.append(step(2, life: 2, from: 50))
        waiting.append(reset(life: 3, from: 51, to: 90))
        waiting.append(step(2, life: 3, from: 90))
        #expect(waiting.batches.map(\.epoch) == [Epoch(1), Epoch(3), Epoch(3)])
        // What goes is what the reader has.
        #expect(words(waiting.batches[1]) == ["reset 2>-", "reset", "entered", "entered ->90"])
        #expect(waiting.batches[1].reset == .otherEpoch)
        for life in 4...20 as ClosedRange<UInt64> { waiting.append(reset(life: life, from: 91, to: 90)) }
        #expect(waiting.batches.map(\.epoch) == [Epoch(1), Epoch(20)])
        #expect(words(waiting.batches[1]) == ["reset 2>-", "reset", "entered", "entered ->90"])
    }

    @Test func aLifeOfWhichSomethingWasReadIsNotLeftOut() {
        var waiting = WaitingBatches(countMax: 64)
        waiting.append(reset(life: 2, from: 2, to: 50))
        waiting.append(step(2, life: 2, from: 50))
        #expect(waiting.popFirst()?.epoch == Epoch(2))
        waiting.append(reset(life: 3, from: 51, to: 90))
        #expect(waiting.batches.map(\.epoch) == [Epoch(2), Epoch(3)])
        #expect(words(waiting.batches[1]).first == "reset 51>-")
        waiting.append(reset(life: 4, from: 90, to: 7))
        #expect(waiting.batches.map(\.epoch) == [Epoch(2), Epoch(4)])
        #expect(words(waiting.batches[1]) == ["reset 51>-", "reset", "entered", "entered ->7"])
    }

    @Test func theBytesAreThoseOfWhatWaits() {
        var waiting = WaitingBatches(countMax: 1)
        #expect(waiting.byteCount == 0)
        waiting.append(step(2, from: 1))
        let one = waiting.byteCount
        #expect(one >= ChangeList.changeSize)
        for tick in 3...100 as ClosedRange<UInt64> { waiting.append(step(tick, from: UInt8(tick))) }
        #expect(waiting.byteCount <= one + 2, "of one value merged a hundred times, one is kept")
        waiting.removeAll()
        #expect(waiting.byteCount == 0 && waiting.isEmpty)
    }

    @Test func toMergeAcrossAResetByHandStops() async {
        await #expect(processExitsWith: .failure) {
            let first = AppliedBatch(epoch: Epoch(1), base: .zero, tick: Tick(1))
            var second = AppliedBatch(epoch: Epoch(2), base: .zero, tick: Tick(1))
            second.reset = .otherEpoch
            _ = first.merged(with: second)
        }
    }
}
