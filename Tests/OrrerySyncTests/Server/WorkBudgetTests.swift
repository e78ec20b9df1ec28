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
