/// The one door through which the configuration's files are read.
///
/// What came through it is all that a new configuration was made of, so it can be handed to a process
/// that may not open files itself.
public protocol SourceFiles: AnyObject {
    /// The bytes of a file.
    ///
    /// - Throws: `open() "path" failed (2: No such file or directory)` and the like, without a location.
    func read(_ path: String) throws(ConfigError) -> [UInt8]

    /// The paths that match a shell pattern, sorted; empty if there are none.
    func glob(_ pattern: String) -> [String]
}
