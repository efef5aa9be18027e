/// The blocks that directives may stand in.
public struct Context: OptionSet, Sendable, Hashable {
    /// One bit a block.
    public let rawValue: UInt64

    /// The blocks whose bits are set.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Outside of all blocks.
    public static var main: Context { Context(rawValue: 1 << 0) }
    /// `events { }`.
    public static var events: Context { Context(rawValue: 1 << 1) }
    /// `http { }`.
    public static var http: Context { Context(rawValue: 1 << 2) }
    /// `server { }` in `http`.
    public static var server: Context { Context(rawValue: 1 << 3) }
    /// `location … { }`.
    public static var location: Context { Context(rawValue: 1 << 4) }
    /// `if (…) { }` in a `server`.
    public static var ifInServer: Context { Context(rawValue: 1 << 5) }
    /// `if (…) { }` in a `location`.
    public static var ifInLocation: Context { Context(rawValue: 1 << 6) }
    /// `limit_except … { }`.
    public static var limitExcept: Context { Context(rawValue: 1 << 7) }
    /// `upstream … { }` in `http`.
    public static var upstream: Context { Context(rawValue: 1 << 8) }
    /// `match … { }` in `http`: what a health check expects.
    public static var match: Context { Context(rawValue: 1 << 9) }
    /// `types { }`.
    public static var types: Context { Context(rawValue: 1 << 10) }
    /// `map … { }` in `http`.
    public static var map: Context { Context(rawValue: 1 << 11) }
    /// `geo … { }` in `http`.
    public static var geo: Context { Context(rawValue: 1 << 12) }
    /// `split_clients … { }` in `http`.
    public static var splitClients: Context { Context(rawValue: 1 << 13) }

    private static var names: [(context: Context, name: String)] {
        [
            (.main, "main"), (.events, "events"), (.http, "http"), (.server, "server"),
            (.location, "location"), (.ifInServer, "if in server"), (.ifInLocation, "if in location"),
            (.limitExcept, "limit_except"), (.upstream, "upstream"), (.match, "match"), (.types, "types"),
            (.map, "map"), (.geo, "geo"), (.splitClients, "split_clients"),
        ]
    }

    /// As the documentation writes them: `http, server, location`.
    public var name: String {
        Context.names.filter { contains($0.context) }.map(\.name).joined(separator: ", ")
    }
}
