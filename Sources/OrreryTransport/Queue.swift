/// A first-in, first-out queue on one array. The queue itself is unbounded: its users state their bounds.
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
        // Release the element here: what is before `head` stays in the array until it is compacted.
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
    /// The size that a waiting frame counts as: its payload and its head room, so that empty messages are not free.
    package var waitingByteCount: Int { count + Frame.headRoom }
}

extension String {
    /// The longest prefix that fits a close frame. Source: RFC 6455, section 5.5.
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
