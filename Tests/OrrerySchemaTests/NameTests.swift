import OrrerySchema
import Testing

@Suite("Types that differ have names that differ, or an error says what to do")
struct NameTests {
    struct Pair<A: Sendable & Numeric & BitwiseCopyable, B: Sendable & Numeric & BitwiseCopyable>: Component {
        var a: A = 0
        var b: B = 0

        struct Inner: Component { var value = 0.0 }
        enum Deep {
            struct Inner<C: Sendable & Numeric & BitwiseCopyable>: Component { var value: C = 0 }
        }
    }

    struct Holder<Item>: Component {}

    @Test(.bug(id: "o03", "types nested in a generic type were all called the same"))
    func typesInGenericTypes() {
        #expect(Pair<Int, Double>.componentName == "Pair<Int, Double>")
        #expect(Pair<Int, Int>.Inner.componentName == "Pair<Int, Int>.Inner")
        #expect(Pair<Int, Double>.Inner.componentName == "Pair<Int, Double>.Inner")
        #expect(Pair<Int, Float>.Deep.Inner<Int8>.componentName == "Pair<Int, Float>.Deep.Inner<Int8>")
    }

    @Test func argumentsOfAllKinds() {
        struct Local {}
        #expect(Holder<Pair<Int, Int>.Inner>.componentName == "Holder<Pair<Int, Int>.Inner>")
        #expect(Holder<Holder<Pair<Int, UInt>.Inner>>.componentName == "Holder<Holder<Pair<Int, UInt>.Inner>>")
        #expect(Holder<[String: Int?]>.componentName == "Holder<Dictionary<String, Optional<Int>>>")
        #expect(Holder<Local>.componentName == "Holder<Local>")
        #expect(Holder<Local>.componentName != Holder<NameTests>.componentName)
    }

    @Test func otherTypesAreCalledAsBefore() {
        #expect(Position.componentName == "Position")
        #expect(BindingTests.Old.Unit.componentName == "Unit")
    }

    @Test func commasInBracketsBelongToAName() {
        let names = ComponentNames.split("Body, Pair<Int, Double> ,Call<(Int, Int) -> Void, Int>,Grid<[Int], 2>.Cell")
        #expect(names == ["Body", "Pair<Int, Double>", "Call<(Int, Int) -> Void, Int>", "Grid<[Int], 2>.Cell"])
        #expect(ComponentNames.split("") == [""] && ComponentNames.split("A,, B") == ["A", "", "B"])
        #expect(ComponentNames.split("a > b, c") == ["a > b", "c"])
    }
}
