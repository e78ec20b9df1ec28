/// The bytes that the columns of one store take together, counted as they are allocated.
final class StoreSize {
    var byteCount = 0
}
