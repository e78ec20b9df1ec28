import OrrerySchema
import OrreryStore

/// Looks up the names of a syntax tree in a component table, checks types, and makes the canonical form.
struct Resolver {
    let table: ComponentTable
    /// Whether the conditions are on resources.
    let isResourceQuery: Bool
    /// Whether the query is of what the server shows of itself, and not of the world.
    private(set) var isStatusQuery = false
    private let nameSizeMax: Int

    init(table: ComponentTable, _ syntax: QuerySyntax) throws(QueryError) {
        self.table = table
        isResourceQuery = syntax.resource != nil
        nameSizeMax = table.entries.indices.reduce(0) { max($0, table.entries[$1].name.utf8.count) }
        // The first name decides what the query is of; all others must agree.
        guard let path = syntax.resource ?? syntax.terms.lazy.compactMap(\.namedPaths?.first).first else { return }
        isStatusQuery = find(path)?.entry.isStatus ?? false
        guard isStatusQuery, !isResourceQuery else { return }
        let showsAll = syntax.terms.contains { if case .everything = $0 { true } else { false } }
        let showsSome = syntax.terms.contains { if case .components(_, .shown) = $0 { true } else { false } }
        guard showsAll || !showsSome else { return }
        let name = Self.text(of: path)
        throw QueryError(
            .type, column: path.column,
            expected: showsAll
                ? "this without *: '\(name)' is no part of the world"
                : "this without with: only what is shown of '\(name)' tells what there is")
    }

    private static func text(of path: PathSyntax) -> String {
        path.steps.map { if case .name(let name, _) = $0.step { name } else { "" } }.joined(separator: ".")
    }

    /// A component and the number of steps of a path that name it.
    struct Found {
        var entry: ComponentTable.Entry
        var stepCount: Int
    }

    /// The component with the longest name that the path begins with; `nil` if there is none, of either kind.
    func find(_ path: PathSyntax) -> Found? {
        var found: Found?
        var name: [UInt8] = []
        for (position, step) in path.steps.enumerated() {
            // A name in back-ticks is the whole name of a component, or a field: it is no part of a longer name.
            guard case .name(let part, let isQuoted) = step.step, position == 0 || !isQuoted else { break }
            name += (position == 0 ? "" : ".").utf8
            name += part.utf8
            guard name.count <= nameSizeMax else { break }
            if let entry = entry(named: name) { found = Found(entry: entry, stepCount: position + 1) }
            if isQuoted { break }
        }
        return found
    }

    /// A text has few names: to look at all of the table for each is less than to make an index of it.
    private func entry(named name: [UInt8]) -> ComponentTable.Entry? {
        // By position: an element that is handed to a closure would be copied.
        table.entries.indices.first { position in
            let other = table.entries[position].name.utf8
            return other.count == name.count && other.elementsEqual(name)
        }.map { table.entries[$0] }
    }

    /// The component that a condition or term names, which is of the right kind.
    /// - Parameter counts: Whether the name says what the query is of. `X?` and `!X` do not: they may name what no
    ///   member can have.
    func component(_ path: PathSyntax, isResource: Bool, counts: Bool = true) throws(QueryError) -> Found {
        guard let found = find(path) else { throw unknownComponent(path, isResource: isResource) }
        guard found.entry.isResource == isResource else {
            let name = found.entry.name
            let advice =
                isResource
                ? "a resource: '\(name)' is a component of entities"
                : "a component: '\(name)' is a resource, write resource \(name)"
            throw QueryError(.unknownComponent, column: path.column, expected: advice)
        }
        guard found.entry.isStatus == isStatusQuery || !counts else {
            let (own, other) = isStatusQuery ? ("the server", "the world") : ("the world", "the server")
            throw QueryError(
                .type, column: path.column,
                expected: "a component of \(own): '\(found.entry.name)' is one of \(other), and no query is of both")
        }
        return found
    }

    /// The component that a path names as a whole.
    func wholeComponent(
        _ path: PathSyntax, isResource: Bool, counts: Bool = true
    ) throws(QueryError) -> ComponentTable.Entry {
        let found = try component(path, isResource: isResource, counts: counts)
        guard found.stepCount == path.steps.count else {
            throw QueryError(
                .type, column: path.column,
                expected: "a component: this is a field of '\(found.entry.name)', which belongs into where")
        }
        return found.entry
    }

    private func unknownComponent(_ path: PathSyntax, isResource: Bool) -> QueryError {
        let names = path.steps.prefix { if case .name = $0.step { true } else { false } }
            .map { if case .name(let name, _) = $0.step { name } else { "" } }
        // What the server shows of itself is only suggested to those who mean it.
        let means = { (name: String) in name.hasPrefix("\(names[0]).") }
        let entries = table.entries.filter { $0.isResource == isResource }
        let meant = entries.filter { $0.isStatus && means($0.name) }
        let candidates = (meant.isEmpty ? entries.filter { !$0.isStatus } : meant).map(\.name)
        // The whole path may be a name with dots, or its beginning may be a name.
        let nearest =
            NearestName.nearest(to: names[0], among: candidates)
            ?? NearestName.nearest(to: names.joined(separator: "."), among: candidates)
        let advice = entries.lazy.compactMap { Self.advice(names[0], meaning: $0) }.first
        return QueryError(
            .unknownComponent, column: path.column,
            expected: advice ?? Self.choice(of: candidates, isResource: isResource), nearest: nearest)
    }

    /// What to write instead of a name that is a field of a component, or of what the server shows of itself without
    /// the server's prefix.
    private static func advice(_ name: String, meaning entry: ComponentTable.Entry) -> String? {
        if entry.isStatus {
            return entry.name.isExactly(QueryText.statusPrefix + name)
                ? "\(entry.name), which the server shows of itself" : nil
        }
        guard case .structure(let fields)? = entry.schema?.type, fields.contains(where: { $0.name.isExactly(name) })
        else { return nil }
        let field = "\(QuerySpelling.name(entry.name)).\(QuerySpelling.laterName(name))"
        return "a \(entry.isResource ? "resource" : "component"); '\(name)' is a field: \(field)"
    }

    /// Bytes of the longest list of names.
    private static let choiceSizeMax = 400

    private static func choice(of names: [String], isResource: Bool) -> String {
        let kind = isResource ? "resource" : "component"
        guard !names.isEmpty else { return "none: this world shows no \(kind)" }
        return list(of: names.sorted()).map { "one of \($0)" } ?? "a \(kind)"
    }

    /// - Returns: `nil` if there are so many that they help nobody.
    static func list(of names: some Collection<String>) -> String? {
        let list = names.joined(separator: ", ")
        return names.isEmpty || list.utf8.count > choiceSizeMax ? nil : list
    }

    // MARK: Terms

    func selection(of syntax: QuerySyntax, entities: [Entity]?) throws(QueryError) -> Selection {
        var selection = Selection()
        if let resource = syntax.resource {
            guard entities == nil else {
                throw QueryError(.syntax, column: 1, expected: "no list of entities beside a resource")
            }
            selection.shown = .resource(try wholeComponent(resource, isResource: true).column)
            return selection
        }
        var terms = Terms(entities: entities.map { Set($0) })
        for term in syntax.terms { try add(term, to: &terms) }
        selection.entities = terms.entities?.sorted()
        selection.required = terms.required.sorted { $0.lexicographicallyPrecedes($1) }
        selection.excluded = terms.excluded.sorted()
        guard !isStatusQuery else {
            selection.shown = .status(terms.shown.sorted())
            return selection
        }
        selection.shown = terms.showsAll || !terms.namesComponent ? .all : .listed(terms.shown.sorted())
        return selection
    }

    /// What the terms say together.
    private struct Terms {
        var entities: Set<Entity>?
        var required: Set<[ColumnID]> = []
        var excluded: Set<ColumnID> = []
        var shown: Set<ColumnID> = []
        var showsAll = false
        var namesComponent = false

        init(entities: Set<Entity>?) {
            self.entities = entities
        }
    }

    private func add(_ term: TermSyntax, to terms: inout Terms) throws(QueryError) {
        switch term {
        case .everything: terms.showsAll = true
        case .entities(let entities):
            terms.entities = terms.entities?.intersection(entities) ?? Set(entities)
        case .components(let paths, let requirement):
            terms.namesComponent = true
            var columns: Set<ColumnID> = []
            for path in paths {
                let entry = try wholeComponent(path, isResource: false, counts: term.namedPaths != nil)
                // What no member can have is not there: the same number of a row means something else there.
                if entry.isStatus == isStatusQuery { columns.insert(entry.column) }
            }
            switch requirement {
            case .optional: terms.shown.formUnion(columns)
            case .excluded: terms.excluded.formUnion(columns)
            case .hidden: terms.required.insert(columns.sorted())
            case .shown:
                terms.required.insert(columns.sorted())
                terms.shown.formUnion(columns)
            }
            // A bar may have excluded names, as long as another can be there.
            if let column = columns.first, columns.count == 1, terms.excluded.contains(column),
                terms.required.contains([column])
            {
                throw QueryError(
                    .type, column: paths[0].column,
                    expected: "another component: '\(table.name(of: column))' cannot be both there and not there")
            }
        }
    }
}
