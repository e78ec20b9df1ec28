import OrreryQuery
import OrrerySchema

/// Random queries about a random world.
struct ModelGenerator {
    let world: RandomWorld
    private let paths: [ModelPath]

    init(_ world: RandomWorld, _ generator: inout SeededGenerator) {
        self.world = world
        var paths: [ModelPath] = []
        for (number, schema) in world.schemas.enumerated() {
            Self.addPaths(
                to: &paths, from: ModelPath(component: number, steps: [], type: schema.type, canBeNil: false), world,
                &generator)
        }
        self.paths = paths
    }

    private static func addPaths(
        to paths: inout [ModelPath], from path: ModelPath, _ world: RandomWorld, _ generator: inout SeededGenerator
    ) {
        var path = path
        path.canBeNil = path.canBeNil || path.type.isOptional
        path.type = path.type.withoutOptionals
        paths.append(path)
        func add(_ steps: [ModelPath.Step], _ type: FieldType) {
            let longer = ModelPath(
                component: path.component, steps: path.steps + steps, type: type, canBeNil: path.canBeNil)
            addPaths(to: &paths, from: longer, world, &generator)
        }
        switch path.type {
        case .structure(let fields): for field in fields { add([.name(field.name)], field.type) }
        case .vector(let scalar, let lanes):
            for lane in ["x", "y", "z", "w"].prefix(lanes) { add([.name(lane)], .scalar(scalar)) }
        case .union(let cases):
            for each in cases {
                for field in each.fields { add([.name(each.name), .name(field.name)], field.type) }
            }
        case .array(let element): add([.index(Int.random(in: 0...2, using: &generator))], element)
        case .dictionary(let key, let value) where key.withoutOptionals.isComparable:
            add([.key(constant(key.withoutOptionals, world, &generator))], value)
        default: break
        }
    }

    func query(_ generator: inout SeededGenerator) -> ModelQuery {
        var columns = Array(world.schemas.indices).shuffled(using: &generator)
        func names(_ range: ClosedRange<Int>) -> [Int] {
            (0..<Int.random(in: range, using: &generator)).compactMap { _ in columns.popLast() }
        }
        var terms: [ModelTerm] = []
        switch Int.random(in: 0...3, using: &generator) {
        case 0: terms.append(.everything)
        case 1: terms.append(.shown(names(1...3)))
        case 2: terms.append(.hidden(names(1...2)))
        default: terms.append(.entities(entities(0...12, &generator)))
        }
        if generator.oneIn(3) { terms.append(.everything) }
        if !columns.isEmpty, generator.oneIn(3) { terms.append(.shown(names(1...2))) }
        if generator.oneIn(4) { terms.append(.entities(entities(3...30, &generator))) }
        for column in names(0...2) { terms.append(.optional(column)) }
        if generator.oneIn(3) { for column in names(1...1) { terms.append(.excluded(column)) } }
        return ModelQuery(
            terms: terms, condition: generator.oneIn(6) ? nil : condition(depth: 3, &generator),
            order: order(&generator), window: window(&generator))
    }

    private func order(_ generator: inout SeededGenerator) -> [ModelOrderKey] {
        guard generator.oneIn(2) else { return [] }
        return (0..<Int.random(in: 1...3, using: &generator)).compactMap { _ in
            let operand = operand(paths.randomElement(using: &generator)!, &generator)
            guard operand.type.isComparable else { return nil }
            return ModelOrderKey(
                operand: operand, isFolded: operand.type == .string && generator.oneIn(2),
                isDescending: generator.oneIn(2))
        }
    }

    private func window(_ generator: inout SeededGenerator) -> ModelWindow? {
        let count = [0, 1, 2, 5, 1000].randomElement(using: &generator)!
        switch Int.random(in: 0...7, using: &generator) {
        case 0: return .count
        case 1: return .limit(count, offset: 0)
        case 2: return .limit(count, offset: Int.random(in: 0...5, using: &generator))
        case 3: return .from(world.entities.randomElement(using: &generator)!, limit: count)
        default: return nil
        }
    }

    private func entities(_ count: ClosedRange<Int>, _ generator: inout SeededGenerator) -> [Entity] {
        (0..<Int.random(in: count, using: &generator)).map { _ in world.entities.randomElement(using: &generator)! }
    }

    func condition(depth: Int, _ generator: inout SeededGenerator) -> ModelCondition {
        if depth > 0, generator.oneIn(2) {
            let operands = (0..<Int.random(in: 2...3, using: &generator)).map { _ in
                condition(depth: depth - 1, &generator)
            }
            switch Int.random(in: 0...2, using: &generator) {
            case 0: return .all(operands)
            case 1: return .any(operands)
            default: return .not(operands[0])
            }
        }
        while true {
            if let test = test(&generator) { return test }
        }
    }

    /// A random test; `nil` if the dice asked for one that does not fit the operand.
    private func test(_ generator: inout SeededGenerator) -> ModelCondition? {
        let path = paths.randomElement(using: &generator)!
        let comparisons: [Comparison] = [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]
        let comparison = comparisons.randomElement(using: &generator)!
        switch Int.random(in: 0...19, using: &generator) {
        case 0: return .hasComponent(path.component)
        case 1: return .refersTo(world.entities.randomElement(using: &generator)!)
        case 2: return generator.oneIn(2) ? .anyNaN : .anyText(needle(&generator))
        case 3: return path.type == .scalar(.bool) ? .truth(path) : nil
        case 4...8:
            let operand = operand(path, &generator)
            guard operand.type.isOrdered || (operand.type.isComparable && !comparison.isAnOrdering) else { return nil }
            return .constant(operand, comparison, Self.constant(operand.type, world, &generator))
        case 9, 10:
            let (left, right) = (
                operand(path, &generator), operand(paths.randomElement(using: &generator)!, &generator)
            )
            let fits = left.type == right.type || (left.type.isNumber && right.type.isNumber)
            guard fits, left.type.isOrdered || (left.type.isComparable && !comparison.isAnOrdering) else { return nil }
            return .operands(left, comparison, right)
        case 11, 12:
            let operand = operand(path, &generator)
            guard operand.type.isOrdered else { return nil }
            return .range(
                operand, Self.constant(operand.type, world, &generator), Self.constant(operand.type, world, &generator))
        case 13, 14:
            let operand = operand(path, &generator)
            guard operand.type.isComparable else { return nil }
            let count = [0, 1, 2, 5, 20].randomElement(using: &generator)!
            return .list(operand, (0..<count).map { _ in Self.constant(operand.type, world, &generator) })
        case 15: return (path.type.element ?? path.type) == .string ? .contains(path, needle(&generator)) : nil
        case 16:
            guard let element = path.type.element, element.isComparable else { return nil }
            return .hasElement(path, Self.constant(element, world, &generator))
        case 17, 18: return path.canBeNil || path.type == .entity ? .isNil(path) : nil
        default:
            let operand = operand(path, &generator)
            return operand.type.isFloating ? .isNaN(operand) : nil
        }
    }

    private func operand(_ path: ModelPath, _ generator: inout SeededGenerator) -> ModelOperand {
        if path.type.element != nil { return .count(path) }
        if path.type.hasLength { return .length(path) }
        return generator.oneIn(20) ? .entity : .field(path)
    }

    private func needle(_ generator: inout SeededGenerator) -> String {
        let text = RandomWorld.texts.randomElement(using: &generator)!
        return generator.oneIn(2) ? text : String(text.unicodeScalars.prefix(2))
    }

    private static func constant(
        _ type: FieldType, _ world: RandomWorld, _ generator: inout SeededGenerator
    ) -> ModelConstant {
        switch type {
        case .scalar(.bool): return .bool(Bool.random(using: &generator))
        case .string: return .text(RandomWorld.texts.randomElement(using: &generator)!)
        case .entity: return .entity(world.entities.randomElement(using: &generator)!)
        case .enumeration(let cases): return .name(cases.randomElement(using: &generator)!.name)
        case .union(let cases): return .name(cases.randomElement(using: &generator)!.name)
        default:
            if generator.oneIn(20) { return .infinity(isNegative: Bool.random(using: &generator)) }
            if generator.oneIn(20) { return .huge(isNegative: Bool.random(using: &generator)) }
            let integer = RandomWorld.integers.randomElement(using: &generator)! * 100
            return .hundredths(integer + [0, 0, 0, 10, 50, -1].randomElement(using: &generator)!)
        }
    }
}

extension Comparison {
    var isAnOrdering: Bool { self != .equal && self != .notEqual }
}
