/// Finds the field type of any supported type: from the type itself, or from what its `init(from:)` asks for.
struct SchemaProbe {
    let component: String
    let depthMax: Int

    func fieldType(of type: Any.Type, path: [String]) throws(SchemaError) -> FieldType {
        guard path.count < depthMax else {
            throw SchemaError(
                component: component, path: path,
                "\(type) holds itself, or is nested more than \(depthMax) deep")
        }
        if let provider = type as? any SchemaProviding.Type { return provider.fieldType }
        if let leaf = type as? any WireLeaf.Type { return leaf.fieldType }
        if let container = type as? any KnownContainer.Type {
            return try container.fieldType(self, path: path)
        }
        if let sampled = type as? any Sampled.Type { return try unionType(of: sampled, path: path) }
        if RuntimeReflection.kind(of: type) == .enumeration { return try enumerationType(of: type, path: path) }
        guard let decodable = type as? any Decodable.Type else {
            throw SchemaError(component: component, path: path, "\(type) is not Codable, and not of fixed size")
        }
        return try probe(decodable, path: path)
    }

    private func enumerationType(of type: Any.Type, path: [String]) throws(SchemaError) -> FieldType {
        if let cases = EnumerationReflection.cases(of: type) { return .enumeration(cases) }
        throw SchemaError(
            component: component, path: path,
            EnumerationReflection.problem(with: type)
                ?? (RuntimeReflection.isTrivial(type) && type is any RawRepresentable.Type
                    ? "the enumeration \(type) does not list its cases; conform it to CaseIterable"
                    : "the enumeration \(type) does not list its cases; conform it to CaseIterable, or, if a case has "
                        + "a payload, to Sampled and state `static var samples`, one value per case"))
    }

    private func unionType<U: Sampled>(of type: U.Type, path: [String]) throws(SchemaError) -> FieldType {
        var cases: [UnionCase] = []
        for sample in U.samples {
            let recorder = SampleEncoder(probe: self, path: path)
            do {
                try sample.encode(to: recorder)
                cases.append(try recorder.unionCase())
            } catch let error as SchemaError {
                throw error
            } catch {
                throw SchemaError(component: component, path: path, "the sample \(sample) cannot be encoded: \(error)")
            }
        }
        return .union(cases)
    }

    private func probe(_ type: any Decodable.Type, path: [String]) throws(SchemaError) -> FieldType {
        let decoder = ProbeDecoder(probe: self, path: path)
        do {
            _ = try type.init(from: decoder)
        } catch let error as SchemaError {
            throw error
        } catch {
            throw SchemaError(
                component: component, path: path,
                "\(type) does not accept the plain values with which its schema is read (\(error)); "
                    + "conform it to SchemaProviding and state its schema by hand")
        }
        return decoder.single ?? .structure(decoder.fields)
    }
}
