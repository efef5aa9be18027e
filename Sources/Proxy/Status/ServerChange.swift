internal import Config
internal import Core
internal import Status
internal import Upstream

/// What a POST or PATCH asks of a server of an upstream, as far as it can be checked by itself.
///
/// Either the whole body is right or nothing of it is taken. What is `nil` was not mentioned.
package struct ServerChange: Equatable {
    /// What the body is for; some members may stand in one only.
    enum Purpose {
        /// POST: a new server.
        case addition
        /// PATCH: a server that there is.
        case change
    }

    /// `server`, as it was written.
    private(set) var server: String?
    /// The meaning of `server`.
    private(set) var address: ServerAddress?
    private(set) var weight: Int?
    /// 0: no limit.
    private(set) var maxConnections: Int?
    /// Beside it: bounds between which it is found.
    private(set) var foundLimit: ClosedRange<Int>?
    private(set) var maxFails: Int?
    private(set) var failTimeoutSeconds: Int?
    private(set) var slowStartMs: Int?
    /// What `sticky` calls it.
    private(set) var route: String?
    /// In an addition only.
    private(set) var isBackup: Bool?
    private(set) var isDown: Bool?
    /// `false` undoes a drain, whoever asked for it.
    private(set) var isDraining: Bool?

    /// Weights are multiplied by 1024ths and milliseconds while a server's weight grows, and a ketama ring
    /// has 160 points for each unit: what comes over the network must overflow or exhaust neither.
    static var weightMax: Int { 65_535 }
    /// Of counts and times, so that no product of them overflows.
    static var numberMax: Int { Int(Int32.max) }

    /// - Throws: 415 `JsonError` for what is no JSON; 400 with the code of the first member that is wrong.
    init(_ body: [UInt8], for purpose: Purpose) throws(ServerChangeError) {
        let json: JSON
        do {
            json = try JSONReader.read(body)
        } catch {
            throw .malformed
        }
        guard case .object(let members) = json else { throw .format("an object is expected") }
        var seen: Set<String> = []
        for (name, value) in members {
            guard seen.insert(name).inserted else {
                throw .format("duplicate parameter \"\(ServerChange.short(name))\"")
            }
            try take(name, value, purpose)
        }
        if purpose == .addition, server == nil { throw .format("missing \"server\" argument") }
    }

    private mutating func take(
        _ name: String, _ value: JSON, _ purpose: Purpose
    ) throws(ServerChangeError) {
        switch value {
        case .array, .object: throw .format("nested object or list in \"\(ServerChange.short(name))\"")
        case .null, .bool, .int, .number, .string, .made: break
        }
        switch name {
        case "server": try takeAddress(value)
        case "weight":
            let range = 1...ServerChange.weightMax
            weight = try ServerChange.number(name, value, in: range, "UpstreamBadWeight")
        case "max_conns":
            foundLimit = try ServerChange.bounds(name, value)
            let isFound = foundLimit != nil
            maxConnections = isFound ? 0 : try ServerChange.number(name, value, "UpstreamBadMaxConns")
        case "max_fails":
            maxFails = try ServerChange.number(name, value, "UpstreamBadMaxFails")
        case "fail_timeout":
            let read = Units.seconds
            failTimeoutSeconds = try ServerChange.time(name, value, "UpstreamBadFailTimeout", read)
        case "slow_start":
            slowStartMs = try ServerChange.time(name, value, "UpstreamBadSlowStart", Units.milliseconds)
        case "backup" where purpose == .addition: isBackup = try ServerChange.flag(name, value)
        case "down": isDown = try ServerChange.flag(name, value)
        case "drain": isDraining = try ServerChange.flag(name, value)
        case "backup", "id", "service", "parent", "host":
            throw .format("parameter \"\(name)\" cannot be set")
        case "route": route = try ServerChange.route(value)
        default: throw .format("unknown parameter \"\(ServerChange.short(name))\"")
        }
    }

    private mutating func takeAddress(_ value: JSON) throws(ServerChangeError) {
        guard case .string(let text) = value else { throw ServerChange.wrongType("server") }
        guard let found = ServerAddress(text) else { throw .value("server", "UpstreamBadAddress") }
        server = text
        address = found
    }

    // MARK: Values

    /// Of "auto:8-512"; `nil`: it is no such word.
    private static func bounds(_ name: String, _ value: JSON) throws(ServerChangeError) -> ClosedRange<Int>? {
        guard case .string(let word) = value, word.hasPrefix("auto") else { return nil }
        guard let bounds = FoundLimit.bounds(word) else { throw .value(name, "UpstreamBadMaxConns") }
        return bounds
    }

    private static func number(
        _ name: String, _ value: JSON, in range: ClosedRange<Int> = 0...numberMax, _ code: String
    ) throws(ServerChangeError) -> Int {
        switch value {
        case .int(let number) where range.contains(number): return number
        case .int, .number: throw .value(name, code)
        case .null, .bool, .string, .array, .object, .made: throw wrongType(name)
        }
    }

    /// "10s", as in the configuration.
    private static func time(
        _ name: String, _ value: JSON, _ code: String, _ read: (String) -> Int?
    ) throws(ServerChangeError) -> Int {
        guard case .string(let text) = value else { throw wrongType(name) }
        guard let time = read(text), time <= numberMax else { throw .value(name, code) }
        return time
    }

    private static func route(_ value: JSON) throws(ServerChangeError) -> String {
        guard case .string(let text) = value else { throw wrongType("route") }
        guard let route = PeerSettings.route(text) else { throw .value("route", "UpstreamBadRoute") }
        return route
    }

    private static func flag(_ name: String, _ value: JSON) throws(ServerChangeError) -> Bool {
        guard case .bool(let flag) = value else { throw wrongType(name) }
        return flag
    }

    private static func wrongType(_ name: String) -> ServerChangeError {
        .format("invalid \"\(name)\" parameter value")
    }

    /// A name that somebody else chose, for an error's text.
    private static func short(_ name: String) -> String { String(name.unicodeScalars.prefix(64)) }
}
