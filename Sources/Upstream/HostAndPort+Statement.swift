public import Config
public import Net

extension HostAndPort {
    /// Reads `text` of a statement.
    ///
    /// - Parameter place: what follows "invalid port in" where it is wrong.
    public static func read(
        _ text: String, defaultPort: UInt16, in place: String, _ statement: Statement
    ) throws(ConfigError) -> HostAndPort {
        do throws(Fault) {
            return try HostAndPort(text, defaultPort: defaultPort)
        } catch {
            throw ConfigError("\(error.rawValue) in \(place)", statement)
        }
    }
}
