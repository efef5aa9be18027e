internal import Core

/// A name of hosts as `server_name` and `map` with `hostnames` write it.
enum HostMask: Hashable {
    case exact(String)
    /// `.example.org`: the name and all below it, with the dot.
    case domain(String)
    /// `*.example.org`: what follows the star.
    case head(String)
    /// `mail.*`: what stands before the star.
    case tail(String)

    /// - Returns: `nil` unless it has one star at most, as the first or the last label, and no empty label
    ///   inside.
    init?(_ name: String) {
        guard !name.contains("..") else { return nil }
        let stars = name.utf8.count { $0 == UInt8(ascii: "*") }
        if stars == 0 {
            guard name.hasPrefix(".") else {
                self = .exact(name)
                return
            }
            guard name.utf8.count > 1 else { return nil }
            self = .domain(name)
        } else if stars == 1, name.utf8.count > 2, name.hasPrefix("*.") {
            self = .head(String(name.dropFirst()))
        } else if stars == 1, name.utf8.count > 2, name.hasSuffix(".*"), !name.hasPrefix(".") {
            self = .tail(String(name.dropLast()))
        } else {
            return nil
        }
    }

    /// As it was written.
    var text: String {
        switch self {
        case .exact(let name), .domain(let name): name
        case .head(let name): "*" + name
        case .tail(let name): name + "*"
        }
    }
}

/// Numbers by names of hosts, without case: exact ones first, then those known by their end, the longest
/// first, then those known by their beginning.
struct HostMaskTable {
    private var exact = CaselessTable()
    /// `.example.org` for `*.example.org`.
    private var heads = CaselessTable()
    /// `mail.` for `mail.*`.
    private var tails = CaselessTable()

    /// Gives a name its number; the first number that a name has stays.
    ///
    /// - Returns: whether the name was free.
    mutating func add(_ mask: HostMask, _ value: Int) -> Bool {
        switch mask {
        case .exact(let text): return HostMaskTable.insert(text, value, &exact)
        case .domain(let text):
            // As nginx: where the name itself or what is below it is taken, both are ignored.
            guard heads[Array(text.utf8).span] == nil else { return false }
            return HostMaskTable.insert(String(text.dropFirst()), value, &exact)
                && HostMaskTable.insert(text, value, &heads)
        case .head(let text): return HostMaskTable.insert(text, value, &heads)
        case .tail(let text): return HostMaskTable.insert(text, value, &tails)
        }
    }

    private static func insert(_ text: String, _ value: Int, _ table: inout CaselessTable) -> Bool {
        let bytes = Array(text.utf8)
        return table[bytes.span] == nil && table.insert(bytes, value)
    }

    subscript(host: Span<UInt8>) -> Int? {
        if exact.count > 0, let found = exact[host] { return found }
        if heads.count > 0 {
            for index in host.indices where host[index] == UInt8(ascii: ".") {
                if let found = heads[host.extracting(index..<host.count)] { return found }
            }
        }
        guard tails.count > 0 else { return nil }
        var end = host.count
        while end > 0 {
            if host[end - 1] == UInt8(ascii: "."), let found = tails[host.extracting(0..<end)] {
                return found
            }
            end -= 1
        }
        return nil
    }
}
