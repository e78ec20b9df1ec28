import OrrerySchema
import OrreryWire
import Testing

@testable import OrrerySync

/// What is remembered of a client's last mutations, against a plain dictionary with the rules spelled out.
@Suite struct OutcomeWindowTests {
    private static let countMax = 16

    /// Slow and plain.
    private struct Model {
        var underWay: [UInt64: Int] = [:]
        var decided: [UInt64: MutationOutcome] = [:]
        var highest: UInt64 = 0
        var forgottenUpTo: UInt64 = 0

        func hasRoom(for number: UInt64) -> Bool {
            guard let oldest = underWay.keys.min(), number > oldest else { return true }
            return number - oldest < UInt64(countMax)
        }

        func state(of number: UInt64) -> String {
            if let awaited = underWay[number] { return "under way, \(awaited)" }
            if let outcome = decided[number] { return "\(outcome)" }
            if number <= forgottenUpTo { return "forgotten" }
            return number < highest && highest - number >= countMax ? "forgotten" : "new"
        }

        mutating func see(_ number: UInt64) {
            highest = max(highest, number)
            underWay = underWay.filter { $0.key + UInt64(countMax) > highest }
            decided = decided.filter { $0.key + UInt64(countMax) > highest }
        }

        mutating func forgetOlderHalf() {
            for number in decided.keys.sorted().prefix((decided.count + 1) / 2) {
                decided[number] = nil
                forgottenUpTo = max(forgottenUpTo, number)
            }
        }
    }

    private func state(_ number: UInt64, in window: OutcomeWindow) -> String {
        switch window.state(of: MutationSequence(number)) {
        case .new: "new"
        case .underWay(let awaited): "under way, \(awaited)"
        case .answered(let outcome): "\(outcome)"
        case .forgotten: "forgotten"
        }
    }

    private static func outcome(using generator: inout SeededGenerator) -> MutationOutcome {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: .refused(Refusal(.forbidden, "no"))
        case 1: .applied(Tick(.random(in: 1...9, using: &generator)), entities: [Entity(index: 1, generation: 1)])
        default: .applied(Tick(.random(in: 1...9, using: &generator)), entities: [])
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func aWindowIsADictionaryWithRules(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var window = OutcomeWindow(countMax: Self.countMax, valueSizeMax: 256)
        var model = Model()
        var next: UInt64 = 1
        for step in 0..<200 {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0: next += .random(in: 0...40, using: &generator)
            case 1: next -= min(next - 1, .random(in: 0...8, using: &generator))
            case 2:
                window.forgetOlderHalf()
                model.forgetOlderHalf()
            case 3:
                window.endWaiting()
                for number in model.underWay.keys { model.underWay[number] = 0 }
            case 4..<12:
                let number = next
                next += 1
                guard model.state(of: number) == "new", model.hasRoom(for: number) else { break }
                let awaited = Int.random(in: 1...100, using: &generator)
                model.see(number)
                model.underWay[number] = awaited
                window.begin(MutationSequence(number), awaited: awaited)
            default:
                // Mostly the oldest, sometimes any, and one that came to nothing now and then.
                let waiting = model.underWay.keys.sorted()
                guard let oldest = waiting.first else { break }
                let number =
                    Int.random(in: 0..<4, using: &generator) == 0
                    ? waiting.randomElement(using: &generator)! : oldest
                let outcome = Int.random(in: 0..<8, using: &generator) == 0 ? nil : Self.outcome(using: &generator)
                let awaited = model.underWay.removeValue(forKey: number)
                model.decided[number] = outcome
                #expect(window.finish(MutationSequence(number), outcome) == awaited, "seed \(seed), step \(step)")
            }
            let different = ((next > 40 ? next - 40 : 0)...next + 40).first { number in
                state(number, in: window) != model.state(of: number)
                    || window.hasRoom(for: MutationSequence(number)) != model.hasRoom(for: number)
            }
            #expect(different == nil, "after step \(step) of seed \(seed)")
            #expect(window.decidedCount == model.decided.count && window.underWayCount == model.underWay.count)
            #expect(window.awaitedSizes.sorted() == model.underWay.values.filter { $0 > 0 }.sorted())
            #expect(window.size <= (Self.countMax + 1) * 200)
            if model.decided.isEmpty, model.underWay.isEmpty { #expect(window.size == 0) }
        }
    }

    /// A peer chooses its numbers.
    @Test(arguments: [0, 1, 2, 40] as [UInt64]) func theLastNumbersThereAreAreNumbers(distance: UInt64) {
        var window = OutcomeWindow(countMax: Self.countMax, valueSizeMax: 256)
        let last = UInt64.max - distance
        let outcomes: [MutationOutcome?] = [
            nil, .applied(Tick(1), entities: []), .refused(Refusal(.forbidden, "no")),
        ]
        for outcome in outcomes {
            for number in [last, last - 1, 1, last, .max, 0] {
                guard case .new = window.state(of: MutationSequence(number)),
                    window.hasRoom(for: MutationSequence(number))
                else { continue }
                window.begin(MutationSequence(number), awaited: 1)
                #expect(window.underWayCount == 1)
                #expect(window.finish(MutationSequence(number), outcome) == 1)
                #expect(window.underWayCount == 0)
            }
        }
        #expect(window.count > 0)
        for _ in 0..<5 { window.forgetOlderHalf() }
        #expect(window.count == 0 && window.size == 0)
        #expect(state(.max, in: window) == "forgotten")
        #expect(state(1, in: window) == "forgotten")
    }
}
