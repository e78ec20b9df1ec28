import OrrerySchema
import OrreryWire
import Testing

/// What a server says is never longer than clients take: reasons are cut, values left out.
@Suite struct ReasonTests {
    private func limits(reason: Int = 1024, value: Int = 256 << 10) -> WireLimits {
        var limits = WireLimits()
        limits.reasonSizeMax = reason
        limits.valueSizeMax = value
        return limits
    }

    private func reason(_ text: String, sizeMax: Int) throws -> String? {
        let limits = limits(reason: sizeMax)
        let message = ServerMessage.subscribeResponse(SubscriptionID(1), .refused(Refusal(.forbidden, text)))
        guard
            case .subscribeResponse(_, .refused(let refusal, nil)) = try ServerMessage(
                message.encoded(limits), limits: limits)
        else { return nil }
        return refusal.reason
    }

    @Test(
        .bug(id: "d02", "a reason that is longer than clients take ended the connection"),
        arguments: [
            ("12345", 5, "12345"), ("123456", 5, "12345"), ("", 0, ""), ("1", 0, ""),
            // Two, three and four bytes.
            ("ééé", 4, "éé"), ("ééé", 5, "éé"), ("日本語", 8, "日本"), ("🪐🪐", 7, "🪐"), ("🪐🪐", 8, "🪐🪐"), ("a🪐", 4, "a"),
            // A letter with two marks, a family of four, a flag: each is one character, and goes as a whole.
            ("ae\u{323}\u{304}", 3, "a"), ("x👨‍👩‍👧‍👦", 25, "x"), ("x👨‍👩‍👧‍👦", 26, "x👨‍👩‍👧‍👦"), ("🇨🇭🇨🇭", 15, "🇨🇭"), ("a\r\n", 2, "a"),
            // Bytes count in normal form C: this é is one scalar of two bytes on the wire.
            ("e\u{301}e\u{301}", 4, "éé"), ("e\u{301}e\u{301}", 3, "é"),
        ] as [(String, Int, String)])
    func aReasonIsCutAtTheEndOfACharacter(text: String, sizeMax: Int, expected: String) throws {
        let reason = try #require(try reason(text, sizeMax: sizeMax))
        #expect(reason == expected)
        #expect(reason.utf8.count <= sizeMax)
    }

    @Test(arguments: seeds(100))
    func noReasonIsTooLong(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let text = String(
            (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                "a é\u{301}\u{0}日🪐\u{200d}👩🇨ﬁ".randomElement(using: &generator)!
            })
        let sizeMax = Int.random(in: 0...80, using: &generator)
        let reason = try #require(try reason(text, sizeMax: sizeMax))
        #expect(reason.utf8.count <= sizeMax)
        #expect(text.hasPrefix(reason))
    }

    @Test func everyAnswerThatRefusesIsCut() throws {
        let limits = limits(reason: 10)
        let refusal = Refusal(.forbidden, String(repeating: "é", count: 500))
        let cut = Refusal(.forbidden, "ééééé")
        let id = SubscriptionID(1)
        for (said, heard): (ServerMessage, ServerMessage) in [
            (.subscribeResponse(id, .refused(refusal)), .subscribeResponse(id, .refused(cut))),
            (.unsubscribeResponse(id, refusal), .unsubscribeResponse(id, cut)),
            (
                .mutationResponse(MutationSequence(1), .refused(refusal)),
                .mutationResponse(MutationSequence(1), .refused(cut))
            ),
        ] {
            #expect(try ServerMessage(said.encoded(limits), limits: limits) == heard)
        }
    }

    @Test(
        .bug(id: "d02b", "a value that is longer than clients take ended the connection"),
        arguments: [0, 9, 10, 11, 999])
    func aValueThatIsTooLongIsLeftOut(size: Int) throws {
        let limits = limits(value: 10)
        let bytes = [UInt8](repeating: 7, count: size)
        let message = ServerMessage.mutationResponse(
            MutationSequence(1), .refused(Refusal(.compareFailed, "no", current: bytes)))
        #expect(
            try ServerMessage(message.encoded(limits), limits: limits)
                == .mutationResponse(
                    MutationSequence(1), .refused(Refusal(.compareFailed, "no", current: size <= 10 ? bytes : nil))))
    }
}
