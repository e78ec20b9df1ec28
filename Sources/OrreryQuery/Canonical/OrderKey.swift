import OrrerySchema
package import OrreryStore

/// One key of an order. Values that are missing come last, in both directions.
package struct OrderKey: Hashable, Sendable {
    package let operand: Operand
    /// Whether texts are compared without regard to case.
    package let isFolded: Bool
    package let isDescending: Bool

    package init(_ operand: Operand, isFolded: Bool = false, isDescending: Bool = false) {
        self.operand = operand
        self.isFolded = isFolded
        self.isDescending = isDescending
    }

    /// The component that it reads; `nil` for the entity.
    package var column: ColumnID? { operand.column }

    /// Whether some value can have such a field. No key of a dictionary is a fraction, for instance.
    var canExist: Bool {
        operand.path?.steps.allSatisfy { step in
            switch step {
            case .key(.exact(let number)): number.magnitude != nil
            case .key(.infinity): false
            default: true
            }
        } ?? true
    }

    /// Whether the components of a table have it, and it is a value that an order can read.
    package func fits(_ table: ComponentTable) -> Bool {
        guard let path = operand.path else { return !isFolded }
        guard let type = table[path.column]?.schema?.type, let end = type.unwrapped.end(of: path.steps) else {
            return false
        }
        return switch operand {
        case .field: ValueType(end).map { !isFolded || $0 == .text } ?? false
        case .count:
            switch end {
            case .array, .set, .dictionary: !isFolded
            default: false
            }
        case .length: Coordinates(end) != nil && !isFolded
        case .entity: true
        }
    }
}

extension FieldType {
    /// The type at the end of a way, without optionals; `nil` if there is no such way.
    fileprivate func end(of steps: some Collection<FieldPath.Step>) -> FieldType? {
        guard let step = steps.first else { return self }
        let next: FieldType? =
            switch (step, self) {
            case (.field(let position), .structure(let fields)) where position < fields.count: fields[position].type
            case (.lane(let lane), .vector(let scalar, let lanes)) where lane < lanes: .scalar(scalar)
            case (.payload(let number, let position), .union(let cases))
            where number < cases.count && position < cases[number].fields.count:
                cases[number].fields[position].type
            case (.index, .array(let element)): element
            case (.key(let key), .dictionary(let keyType, let value)) where key.fits(keyType.unwrapped): value
            default: nil
            }
        return next?.unwrapped.end(of: steps.dropFirst())
    }
}

extension Constant {
    /// Whether it is compared with values of a type.
    fileprivate func fits(_ type: FieldType) -> Bool {
        switch (self, ValueType(type)) {
        case (.exact, .integer), (.float, .float), (.double, .double), (.text, .text), (.entity, .entity),
            (.bool, .bool):
            true
        case (.position(let position), .cases(let names)): position < names.count
        default: false
        }
    }
}
