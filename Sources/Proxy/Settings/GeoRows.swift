internal import Config
internal import Net

/// `geo [$address] $variable { … }`.
enum GeoRows {
    static var directives: [Directive<Block>] {
        [
            .computed(
                "geo", "A variable whose value follows from an address.", "[$address] $variable", arity: 1...2
            ) { (statement, builder) throws(ConfigError) in .geo(try read(statement, builder)) }
        ]
    }

    private static func read(
        _ statement: Statement, _ builder: ConfigurationBuilder
    ) throws(ConfigError) -> AddressMap {
        var source: Template<Variable>?
        if statement.arguments.count == 2 {
            let word = statement.argument(0)
            guard word.hasPrefix("$"), word.count > 1 else {
                throw ConfigError("invalid variable name \"\(word)\"", statement)
            }
            source = try builder.template(ofNames: word, statement)
        }
        let map = AddressMap(source: source)
        var lines = (statement.block ?? [])[...]
        if let first = lines.first, first.words == ["ranges"] {
            lines.removeFirst()
            var spans = AddressSpans()
            for line in lines { try read(line, into: &spans, map, builder) }
            try spans.check()
            map.use(spans)
        } else {
            for line in lines { try read(line, into: map, builder) }
        }
        return map
    }

    private static func read(
        _ line: Statement, into map: AddressMap, _ builder: ConfigurationBuilder
    ) throws(ConfigError) {
        if try readCommon(line, into: map, builder) { return }
        let value = line.argument(0)
        switch line.name {
        case "delete":
            if !map.remove(try network(value, line, builder)) {
                builder.warn(ConfigError("no network \"\(value)\" to delete", line))
            }
        default:
            let old = map.add(try network(line.name, line, builder), Array(value.utf8))
            warnOfDuplicate(line.name, value, old, line, builder)
        }
    }

    /// What means the same with networks and with ranges.
    ///
    /// - Returns: whether the line was of that kind.
    private static func readCommon(
        _ line: Statement, into map: AddressMap, _ builder: ConfigurationBuilder
    ) throws(ConfigError) -> Bool {
        switch line.words {
        case ["proxy_recursive"]:
            map.isRecursive = true
            return true
        case ["volatile"]:
            map.isVolatile = true
            return true
        case ["ranges"]:
            throw ConfigError(
                "the \"ranges\" directive must be the first directive inside \"geo\" block", line)
        default: break
        }
        guard line.words.count == 2 else {
            throw ConfigError("invalid number of the geo parameters", line)
        }
        let value = line.argument(0)
        switch line.name {
        case "default":
            warnOfDuplicate(line.name, value, map.setDefault(Array(value.utf8)), line, builder)
        case "proxy":
            guard let range = AddressRange(value), value != "all" else { throw invalid(value, line) }
            map.proxies.append(range)
        default: return false
        }
        return true
    }

    /// A line of a `geo` with `ranges`.
    private static func read(
        _ line: Statement, into spans: inout AddressSpans, _ map: AddressMap, _ builder: ConfigurationBuilder
    ) throws(ConfigError) {
        if try readCommon(line, into: map, builder) { return }
        let isDeletion = line.name == "delete"
        let text = isDeletion ? line.argument(0) : line.name
        guard let bounds = AddressSpans.Bounds(text) else {
            throw ConfigError("invalid range \"\(text)\"", line)
        }
        if isDeletion {
            if !spans.remove(bounds) {
                builder.warn(ConfigError("no address range \"\(text)\" to delete", line))
            }
        } else if let old = spans.add(bounds, Array(line.argument(0).utf8), line) {
            builder.warn(
                ConfigError(
                    "duplicate range \"\(text)\", value: \"\(line.argument(0))\","
                        + " old value: \"\(String(decoding: old, as: UTF8.self))\"", line))
        }
    }

    private static func invalid(_ text: String, _ line: Statement) -> ConfigError {
        ConfigError("invalid network \"\(text)\"", line)
    }

    private static func network(
        _ text: String, _ line: Statement, _ builder: ConfigurationBuilder
    ) throws(ConfigError) -> AddressMap.Network {
        guard let network = AddressMap.Network(text) else { throw invalid(text, line) }
        if network.hasLowBits {
            builder.warn(ConfigError("low address bits of \(text) are meaningless", line))
        }
        return network
    }

    private static func warnOfDuplicate(
        _ name: String, _ value: String, _ old: [UInt8]?, _ line: Statement, _ builder: ConfigurationBuilder
    ) {
        guard let old else { return }
        let text = String(decoding: old, as: UTF8.self)
        builder.warn(
            ConfigError("duplicate network \"\(name)\", value: \"\(value)\", old value: \"\(text)\"", line))
    }
}
