import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync

/// What was found with a seed.
struct Find: Error, CustomStringConvertible {
    let seed: UInt64
    let message: String

    var description: String { "seed \(seed): \(message)" }
}

/// The texts of one seed, held against what must be true of every text.
struct QueryFuzzing {
    private let seed: UInt64
    private let corpus: Corpus
    private let isTraced: Bool
    private var generator: SeededGenerator

    init(seed: UInt64, _ corpus: Corpus, isTraced: Bool = false) {
        self.seed = seed
        self.corpus = corpus
        self.isTraced = isTraced
        generator = SeededGenerator(seed: seed)
    }

    /// - Returns: The first that was found.
    mutating func run() -> Find? {
        do {
            let world = makeWorld()
            let texts = try evaluate(world)
            var breaker = TextBreaker(generator: SeededGenerator(seed: seed, path: 1))
            world.breakValues(&generator)
            for text in texts {
                try read(Array(text.utf8), world.store)
                try read(breaker.broken(text, others: texts), world.store)
            }
            let golden = try GoldenWorld(corpus.worldText)
            for _ in 0..<60 {
                let text = corpus.texts.randomElement(using: &generator)!
                try read(breaker.broken(text, others: corpus.texts), golden.store)
                try read(Array(breaker.large().utf8), golden.store)
            }
            var server = QueryServer(world.store)
            for text in texts { try tell(&server, Array(text.utf8)) }
            server = QueryServer(golden.store)
            for _ in 0..<20 {
                let text = corpus.texts.randomElement(using: &generator)!
                try tell(&server, breaker.broken(text, others: corpus.texts))
                try tell(&server, Array(breaker.large().utf8))
            }
            return nil
        } catch let find as Find {
            return find
        } catch {
            return Find(seed: seed, message: "\(error)")
        }
    }

    mutating func makeWorld() -> RandomWorld {
        var random = RandomSchemas(generator: SeededGenerator(seed: seed, path: 0))
        return RandomWorld(&generator, schemas: generator.oneIn(2) ? RandomWorld.fixedSchemas : random.make())
    }

    private func require(_ isTrue: Bool, _ message: @autoclosure () -> String) throws {
        if !isTrue { throw Find(seed: seed, message: message()) }
    }

    // MARK: Right texts

    /// Random queries have the answers of the naive evaluation.
    /// - Returns: Their texts.
    mutating func evaluate(_ world: RandomWorld) throws -> [String] {
        let models = ModelGenerator(world, &generator)
        let evaluator = ModelEvaluator(world: world)
        var texts: [String] = []
        for number in 0..<20 {
            let model = models.query(&generator)
            var writer = ModelWriter(
                schemas: world.schemas, generator: SeededGenerator(seed: seed, path: 2, UInt64(number)))
            let text = writer.text(of: model)
            if isTraced { print(text) }
            let query: Query
            do throws(QueryError) {
                query = try Query(text, in: world.store.table)
            } catch {
                try require(error.kind == .limit, "\(text)\nis a query, and not: \(error)")
                continue
            }
            texts.append(text)
            let (matching, expected) = (query.matching(in: world.store), evaluator.matching(model))
            try require(
                matching.indexes.compactMap { world.store.entity(at: $0) } == expected, "\(text)\nhas other members")
            let (rows, isAtStart) = query.members(of: matching, in: world.store)
            try require(
                (rows.compactMap { world.store.entity(at: $0) }, isAtStart) == evaluator.members(of: model),
                "\(text)\nhas another order, or other members in its window")
            for case let (ranges?, entity) in expected.map({ (query.keyRanges, $0) }) {
                try require(
                    ranges.contains { $0.keys.contains($0.field.key(of: entity.index, in: world.store)) },
                    "\(text)\nhas \(entity), who is in none of its ranges")
            }
            if let field = query.decidingField, let ranges = query.keyRanges {
                for entity in world.entities where world.store.contains(entity) {
                    let key = field.key(of: entity.index, in: world.store)
                    try require(
                        ranges.contains { $0.keys.contains(key) } == expected.contains(entity),
                        "\(text)\nsays by the key \(key) whether \(entity) is a member")
                }
            }
            for entity in world.entities {
                let isMember = query.isMember(entity, of: world.store)
                try require(isMember == expected.contains(entity), "\(text)\nsays \(isMember) of \(entity) by itself")
            }
            for entity in world.values.keys.sorted() {
                let shown = query.shownColumns(of: entity, in: world.store).map { Int($0.rawValue) }
                try require(
                    shown == evaluator.shown(of: entity, in: model),
                    "\(text)\nshows others of \(entity)")
            }
            let some = RowSet(world.entities.map(\.index).filter { $0 < 1 << 30 && generator.oneIn(2) })
            try require(
                query.matching(in: world.store, among: some) == matching.intersection(some),
                "\(text)\nhas other members among \(some.indexes)")
            let other = writer.text(of: model)
            if let second = try? Query(other, in: world.store.table) {
                try require(second == query, "\(text)\nand\n\(other)\nare the same query")
            }
        }
        return texts
    }

    // MARK: Any texts

    private func parsed(
        _ text: String, _ store: ComponentStore, entities: [Entity]? = nil
    ) -> Result<Query, QueryError> {
        Result { () throws(QueryError) in try Query(text, entities: entities, in: store.table) }
    }

    /// Any bytes are a query, whose printed text is the same query, or an error that lies inside the text.
    private mutating func read(_ bytes: [UInt8], _ store: ComponentStore) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        if isTraced { print(text.debugDescription) }
        var entities: [Entity]?
        if generator.oneIn(4) {
            entities = store.entities.rows.indexes.compactMap { generator.oneIn(3) ? store.entity(at: $0) : nil }
        }
        switch parsed(text, store, entities: entities) {
        case .failure(let error):
            try require(
                (1...text.unicodeScalars.count + 1).contains(error.column), "\(text.debugDescription)\nhas no \(error)")
            try require(!error.expected.isEmpty && error.nearest != "", "\(text.debugDescription)\nhas only \(error)")
        case .success(let query):
            let printed = query.text(in: store.table)
            let limits = QueryLimits()
            // In the text, the list beside it is a node.
            if printed.utf8.count <= limits.textSizeMax, query.nodeCount <= limits.nodeCountMax {
                let again = parsed(printed, store)
                try require((try? again.get()) == query, "\(text.debugDescription)\nis not \(printed): \(again)")
                try require(
                    (try? again.get())?.text(in: store.table) == printed, "\(printed)\nis printed in another way")
            }
            let members = query.matching(in: store)
            for index in store.entities.rows.indexes where !query.isResource {
                let isMember = store.entity(at: index).map { query.isMember($0, of: store) }
                try require(
                    isMember == members.contains(index),
                    "\(text.debugDescription)\nsays another of row \(index) by itself")
            }
        }
    }

    /// A server has the answer of the language, or closes the connection to whoever sends what is no text.
    private func tell(_ server: inout QueryServer, _ bytes: [UInt8]) throws {
        // A session may have no more text than that.
        let bytes = bytes.prefix(SyncServerConfiguration().queryTextSizeMax)
        let answer = try server.answer(to: Array(bytes))
        let text = String(validating: bytes, as: UTF8.self)
        let isRight =
            switch (answer, text.map { parsed($0, server.store) }) {
            case (.closed, nil), (.granted, .success): true
            case (.refused(let error), .failure(let own)): error.kind == own.kind && error.column == own.column
            default: false
            }
        try require(isRight, "\(text?.debugDescription ?? "\(bytes)")\nis answered by \(answer)")
    }
}

extension IndexedField {
    /// The key of a row.
    fileprivate func key(of row: UInt32, in store: ComponentStore) -> UInt64 {
        var keys = Array(repeating: Self.missing, count: RowSet.pageRows)
        let (page, row) = (Int(row) / RowSet.pageRows, Int(row) % RowSet.pageRows)
        readKeys(of: PageMask(row: row), onPage: page, in: store, into: &keys)
        return keys[row]
    }
}
