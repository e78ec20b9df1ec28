/// The bytes that the columns of one store take together, counted as they are taken.
final class StoreSize {
    var byteCount = 0
}
