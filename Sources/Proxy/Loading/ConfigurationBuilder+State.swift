internal import Config
internal import Net
internal import Sharing
internal import Upstream

/// What of upstreams is shared or kept.
extension ConfigurationBuilder {
    /// Refuses more servers than there is room for in the memory that processes share.
    func checkRoom() throws(ConfigError) {
        let zoned = upstreams.filter(\.hasZone)
        let count = zoned.reduce(0) { $0 + $1.peers.count }
        guard count <= SharedState.serversMax else {
            throw ConfigError(
                "too many servers in upstreams with a \"zone\": \(count), of at most"
                    + " \(SharedState.serversMax)", at: zoned.last?.location)
        }
    }

    /// The file that a `state` line names, and what stands in it.
    func readState(
        _ statement: Statement
    ) throws(ConfigError) -> (file: StateFile, lines: [Statement]) {
        let path = ConfigurationBuilder.join(prefix, statement.argument(0))
        guard !statement.argument(0).isEmpty, !path.hasSuffix("/") else {
            throw ConfigError("\"state\" needs the name of a file", statement)
        }
        if let other = upstreams.first(where: { $0.stateFile?.path == path }) {
            throw ConfigError(
                "\"\(path)\" is the state file of upstream \"\(other.name)\" already", statement)
        }
        let bytes: [UInt8]?
        do throws(ConfigError) {
            bytes = try files.readState(path)
        } catch {
            throw ConfigError(error.message, statement)
        }
        let lines = try bytes.map { (bytes) throws(ConfigError) in
            try ConfigParser.parse(closed: bytes, name: path)
        }
        return (StateFile(path: path, isMissing: lines == nil), lines ?? [])
    }
}
