import Testing

@testable import OrrerySync

@Suite struct WorkBudgetTests {
    @Test func whatIsNotUsedIsNotKept() {
        var budget = WorkBudget(perPeriod: 10)
        for _ in 0..<5 { budget.renew() }
        #expect(budget.left == 10)
        budget.charge(3)
        budget.renew()
        #expect(budget.left == 10)
    }

    @Test func whatGoesBeyondIsTakenOffTheNextPeriods() {
        var budget = WorkBudget(perPeriod: 10)
        budget.charge(25)
        #expect(budget.isUsedUp)
        budget.renew()
        #expect(budget.left == -5)
        budget.renew()
        #expect(budget.left == 5)
    }

    @Test func whatAMessageTookBeyondATurnIsTakenOffTheNext() {
        let rate = RateAllowance(perSecond: 1, now: .zero)
        var reading = Reading(mutations: rate, requests: rate, turn: 10)
        reading.charge(25)
        var turns: [Int] = []
        for _ in 0..<8 {
            reading.renew(4, turnMax: 10)
            turns.append(reading.turn)
        }
        #expect(turns == [-11, -7, -3, 1, 5, 9, 10, 10])
        #expect(reading.used == 0)
        // Four turns at most, whatever it was.
        reading.charge(1_000_000)
        reading.renew(4, turnMax: 10)
        #expect(reading.turn == -36)
    }

    @Test func oneVeryLargePieceIsForgottenInTheEnd() {
        var budget = WorkBudget(perPeriod: 10)
        budget.charge(1_000_000)
        for _ in 0..<9 { budget.renew() }
        #expect(!budget.isUsedUp)
    }

    @Test func thereIsAlwaysSomeWorkToDo() {
        #expect(WorkBudget(perPeriod: 0).perPeriod == 1)
    }
}

/// Ticks that come together mean that there was too much work.
@Suite struct WorkPaceTests {
    @Test func ticksThatComeTogetherLeaveLessToDo() {
        var pace = WorkPace()
        pace.worldAdvanced(by: 2)
        #expect(pace.share(of: 1000) == 750)
        pace.worldAdvanced(by: 7)
        #expect(pace.share(of: 1000) == 562)
        for _ in 0..<100 { pace.worldAdvanced(by: 2) }
        #expect(pace.share(of: 800) == 100, "however slow, something is done")
        #expect(pace.share(of: 1) == 1)
    }

    @Test func ticksOneByOneGiveItBackSlowly() {
        var pace = WorkPace()
        pace.worldAdvanced(by: 2)
        for _ in 0..<100 { pace.worldAdvanced(by: 1) }
        #expect((751..<900).contains(pace.share(of: 1000)))
        for _ in 0..<1000 { pace.worldAdvanced(by: 1) }
        #expect(pace.share(of: 1000) == 1000)
    }

    @Test func aBudgetFollows() {
        var pace = WorkPace()
        var budget = WorkBudget(perPeriod: 1000)
        pace.worldAdvanced(by: 2)
        budget.charge(1000)
        budget.renew(pace)
        #expect(budget.left == 750)
        #expect(budget.perPeriod == 750)
    }
}
