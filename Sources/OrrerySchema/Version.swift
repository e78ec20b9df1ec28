/// The version of this package. Source: Semantic Versioning 2.0.0.
public enum OrreryVersion {
    /// The version of this package.
    public static let current = "0.1.0"
}
