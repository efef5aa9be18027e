/// What the product calls itself.
public enum Version {
    /// As `Server` fields, `-v` and logs show it.
    public static var text: StaticString { "0.1.0" }
}
