/// The limits of one query. Each bounds what a text from a peer can cost before anything is evaluated.
package struct QueryLimits: Hashable, Sendable {
    /// UTF-8 bytes of the text. Bounds the time and memory of parsing.
    package var textSizeMax = 4096
    /// Terms (each name of a bar), conditions and `not`s. Bounds the cost per row.
    package var nodeCountMax = 64
    /// Brackets inside each other, of any kind. Bounds the stack of the parser and of all that walk conditions.
    package var bracketDepthMax = 64
    /// Entities in the list beside the text. Bounds the memory of a query, and of the messages that carry it.
    package var entityCountMax = 4096

    package init() {}
}
