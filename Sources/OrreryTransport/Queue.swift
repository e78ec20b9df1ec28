/// First in, first out, on one array. Unbounded by itself: who appends states the bound.
package struct Queue<Element> {
    private var elements: [Element?] = []
    private var head = 0

    package init() {}

    package var isEmpty: Bool { head == elements.count }
    package var count: Int { elements.count - head }

    /// - Complexity: O(1), amortised.
    package mutating func append(_ element: Element) {
        elements.append(element)
    }

    /// - Complexity: O(1), amortised.
    package mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        // Let go of it here: what lies before `head` stays in the array until it is compacted.
        let element = elements[head].take()
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: elements.count <= 1024)
            head = 0
        } else if head >= 64, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    package mutating func removeAll() {
        elements.removeAll()
        head = 0
    }
}

extension Frame {
    /// What a frame counts while it waits: its payload and its head room, so that empty messages are not free.
    package var waitingByteCount: Int { count + Frame.headRoom }
}

extension String {
    /// The longest beginning that fits a close frame. Source: RFC 6455, section 5.5.
    package var cutToCloseReason: String {
        guard utf8.count > 123 else { return self }
        var cut = ""
        var byteCount = 0
        for character in self {
            byteCount += character.utf8.count
            if byteCount > 123 { break }
            cut.append(character)
        }
        return cut
    }
}
