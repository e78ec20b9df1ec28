import Foundation
import Testing

/// `Examples/python-watch/wire`, which the example and the load scripts share.
@Suite("The codec in Python has the bytes of the golden files", .timeLimit(.minutes(2)))
struct PythonCodecTests {
    private static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Runs a script that knows the items of a golden file, `golden`, by their titles.
    private func run(_ file: String, _ script: String) async throws -> Tool.Ended {
        let path = Self.package.appending(path: "Tests/OrreryWireTests/Golden/\(file)").path()
        let beginning = """
            from wire.messages import *
            golden = {}
            for item in open("\(path)", encoding="utf-8").read().split("\\n@ ")[1:]:
                title, *lines = item.split("\\n")
                golden[title] = bytes.fromhex(" ".join(line.split("#")[0] for line in lines))

            """
        return try await Tool(
            ["python3", "-B", "-c", beginning + script],
            environment: ["PYTHONPATH": Self.package.appending(path: "Examples/python-watch").path()],
            executable: URL(filePath: "/usr/bin/env")
        ).ended()
    }

    @Test("What it says")
    func says() async throws {
        let ended = try await run(
            "ClientMessages.hex",
            """
            said = {
                "Hello": hello("Grüße"),
                "Hello with resume, of nothing": hello("", Resume(2**64 - 1, 0, {})),
                "Subscribe to everything": subscribe(1, Query()),
                "Subscribe to components": subscribe(300, Query("Position | Label | Frozen")),
                "Subscribe to one entity": subscribe(2**32 - 1, Query("", [Entity(70000, 3)])),
                "Subscribe to a list of entities, some components": subscribe(
                    7, Query("Position?, Frozen?", [Entity(70000, 4), Entity(1, 1), Entity(5, 2), Entity(6, 3)])),
                "Subscribe to no entity": subscribe(8, Query("", [])),
                "Subscribe to a condition": subscribe(9, Query("Health, Position? where Health.current < 50")),
                "Unsubscribe": unsubscribe(300),
                "Replace": replace(7, 300, Query("Position")),
                "Acknowledge": acknowledge(1000, 2**40),
                "Mutate: despawn": mutate_despawn(2**64 - 1, 0, Entity(2**32 - 1, 0)),
                "Query": query(7, Query("Position where Position.x > 5")),
                "Query of a list of entities, at a later tick, without an evaluation": query(
                    300, Query("", [Entity(12, 3)]), 1000, True),
                "QueryCancel": cancel_query(300),
                "Verify": verify(300),
                "Restart": restart(300),
            }
            for title, message in said.items():
                print(title, "is right" if message == golden[title] else message.hex())
            resume = Resume(0x1122334455667788, 1000, {
                1: Query(), 300: Query("Position?, Frozen?", [Entity(70000, 3)]),
            }, bytes(range(0xA0, 0xB0)))
            print("resume", golden["Hello with resume"].find(resume.data()) > 0)
            """)
        #expect(ended.error == "")
        #expect(ended.lines.count == 18)
        #expect(ended.lines.allSatisfy { $0.hasSuffix(" is right") || $0 == "resume True" }, "\(ended.output)")
    }

    @Test("What it reads")
    func reads() async throws {
        let ended = try await run(
            "ServerMessages.hex",
            """
            read_messages = {title: read(message) for title, message in golden.items()}
            welcome = read_messages["Welcome"]
            print(hex(welcome.epoch), welcome.tick, welcome.tick_rate, len(welcome.schemas))
            print([(component.number, component.name) for component in welcome.components])
            for title in ("SubscribeResponse", "SubscribeResponse, of everything, told",
                          "SubscribeResponse, of a resource, told", "SubscribeResponse, of status"):
                print(read_messages[title].subscription, read_messages[title].code, read_messages[title].query)
            refused = read_messages["SubscribeResponse, refused text"]
            print(refused.subscription, refused.code, refused.reason, refused.error)
            for title in ("SubscribeResponse, refused with code 9", "UnsubscribeResponse", "Heartbeat, current",
                          "MutationResponse, applied, spawned", "MutationResponse, two outcomes",
                          "QueryResponse, refused text", "VerifyResponse", "VerifyResponse, refused with code 11"):
                print(read_messages[title])
            part = read_messages["QueryResponse, of no entity"]
            print(part.query, part.tick, part.is_last, part.head)
            print(len(read_messages))
            """)
        #expect(
            ended.output == """
                0x1122334455667788 1000 60.0 1
                [(0, 'Position'), (2, 'Frozen')]
                300 0 GrantedQuery(number=7, shown=[0, 2], tells_members=False, is_of_resource=False, \
                is_of_status=False)
                1 0 GrantedQuery(number=1099511627776, shown=None, tells_members=True, is_of_resource=False, \
                is_of_status=False)
                2 0 GrantedQuery(number=8, shown=[6], tells_members=True, is_of_resource=True, is_of_status=False)
                3 0 GrantedQuery(number=9, shown=[5, 7], tells_members=False, is_of_resource=False, is_of_status=True)
                5 12 no QueryError(kind=3, column=21, expected='a field of Health', nearest='current')
                Response(kind=130, subscription=9, code=9, reason='no', query=None, error=None)
                Response(kind=131, subscription=1, code=0, reason='', query=None, error=None)
                Heartbeat(tick=1000, is_current=True)
                MutationResponse(outcomes=[(300, 0)])
                MutationResponse(outcomes=[(7, 0), (8, 1)])
                QueryResponse(query=5, code=12, reason='no', tick=0, is_last=True, head=None, \
                error=QueryError(kind=3, column=21, expected='a field of Health', nearest='current'), content=b'')
                VerifyResponse(subscription=300, code=0, reason='', tick=1000, hash=81985529216486895, item_count=300)
                VerifyResponse(subscription=9, code=11, reason='no', tick=0, hash=0, item_count=0)
                300 1000 True AnswerHead(entity_count=0, row_count=5, node_count=2, total=0, \
                begins_at_its_entity=True, shown=[0, 2])
                51

                """, "\(ended.error)")
    }

    @Test("What it hashes")
    func hashes() async throws {
        let ended = try await run(
            "StateHashes.hex",
            """
            from wire.hashes import *
            items = {
                "member 12v3": member(12, 3),
                "cell of 12v3, component 0, no bytes": cell(12, 3, 0, b""),
                "cell of 12v3, component 2, 8 bytes": cell(12, 3, 2, struct.pack("<2f", 1, -2)),
                "cell of 70000v4, component 300, 14 bytes": cell(70000, 4, 300, string("Grüße, Welt")),
                "resource, component 6, 4 bytes": cell(*NO_ENTITY, 6, bytes([5, 0, 0, 0])),
            }
            items["sum of all five"] = sum(items.values()) % MODULUS
            for title, hash in items.items():
                print(title, "is right" if struct.pack("<Q", hash) == golden[title] else hex(hash))
            """)
        #expect(ended.lines.count == 6)
        #expect(ended.lines.allSatisfy { $0.hasSuffix(" is right") }, "\(ended.output)\(ended.error)")
    }

    @Test("What it reads of an answer")
    func readsAnswers() async throws {
        let ended = try await run(
            "Answers.hex",
            """
            for title, message in golden.items():
                part = read(message)
                print(part.query, part.tick, part.is_last, part.head and part.head.entity_count)
                for section in answer_sections(part.content, {0: 8, 1: None}):
                    if isinstance(section, Written):
                        print("- Written", section.component, section.rows, list(map(len, section.values)))
                    else:
                        print("-", type(section).__name__, *section[:2])
            """)
        #expect(
            ended.output == """
                300 1000 True 3
                - Entered [1, 2, 7] [2, 16909060, 1]
                - Written 0 [1, 7] [8, 8]
                - Written 1 [2] [4]
                300 1000 False 3
                - Entered [1, 2, 7] [2, 16909060, 1]
                300 1000 False None
                - Written 0 [1, 7] [8, 8]
                300 1000 True None
                - Written 1 [2] [4]

                """, "\(ended.error)")
    }

    @Test("What it reads of a batch")
    func readsBatches() async throws {
        let ended = try await run(
            "Batches.hex",
            """
            for title, message in golden.items():
                batch = read(message)
                print(title, batch.tick, batch.base, batch.is_whole, batch.part)
                sizes = {0: 8, 1: None, 2: 0}
                try:
                    for section in batch_sections(batch.content, sizes):
                        if isinstance(section, TableChanged):
                            for number in section.removed: del sizes[number]
                            sizes.update((entry.number, entry.size) for entry in section.added)
                            print("- TableChanged", section.removed, [entry.name for entry in section.added])
                        elif isinstance(section, AddedSchema):
                            print("- AddedSchema")
                        elif isinstance(section, Written):
                            print("- Written", section.component, section.rows, list(map(len, section.values)),
                                section.is_insert)
                        else:
                            print("-", type(section).__name__, *section[:2])
                except Breach as breach:
                    print("-", breach.code)
            """)
        #expect(
            ended.output == """
                every kind of section 1000 998 True 0
                - Restarted 7
                - Started [1, 300]
                - Despawned [0, 5, 5000]
                - Left 300 [5]
                - Entered [7] [1]
                - Entered [1, 2] [2, 16909060]
                - Joined 7 [1, 7]
                - Removed 2 [3]
                - Written 0 [1, 7] [8, 8] True
                - Written 0 [8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 30] \
                [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8] False
                - Written 1 [2] [4] True
                - Written 1 [8, 9] [1, 131] False
                - Written 2 [4, 6] [0, 0] True
                nothing but a head 7 7 True 0
                a part that is not the last 300 0 False 200
                - Entered [4194303] [1]
                unknown sections 1 0 True 0
                - Despawned [1]
                a table that changes 1000 999 True 0
                - TableChanged [1] ['Heat']
                - AddedSchema
                - Entered [7] [1]
                - Written 5 [7] [4] True
                a resource 1000 999 True 0
                - TableChanged [] ['Score']
                - AddedSchema
                - Joined 7 [0]
                - Written 6 [0] [4] True
                a section of the future 2 1 True 0
                - Despawned [1]
                - 4006
                an extent 1 0 True 0
                - Extent 300 1000000
                a centre that is lost 1 0 True 0
                - Centre 300 True
                a spatial component and one of status 1 0 True 0
                - TableChanged [] ['Position', 'Frozen']

                """, "\(ended.error)")
    }
}
