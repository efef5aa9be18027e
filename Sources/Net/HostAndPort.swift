internal import Core

/// `name` or `name:port` as an operator writes them: what is no numeric address, and has to be looked up.
public struct HostAndPort: Equatable, Sendable {
    /// What is wrong with a text.
    public enum Fault: String, Error {
        case noHost = "no host"
        case badHost = "invalid host"
        case badPort = "invalid port"
    }

    /// The name, without brackets or colons in it.
    public let host: String
    /// Not 0.
    public let port: UInt16

    /// Reads `text`; without a port it is `defaultPort`.
    public init(_ text: some StringProtocol, defaultPort: UInt16) throws(Fault) {
        guard !text.contains("/") else { throw .badHost }
        let (host, port) = HostAndPort.split(String(text))
        guard !host.isEmpty else { throw .noHost }
        guard !host.contains("[") else { throw .badHost }
        // As in nginx, the port begins behind the first colon.
        guard !host.contains(":") else { throw .badPort }
        guard let number = port.map({ SocketAddress.portNumber($0) }) ?? defaultPort, number > 0 else {
            throw .badPort
        }
        self.host = String(host)
        self.port = number
    }

    /// Whether the name is made of what names of hosts are made of, so that it may be known some day.
    public var mayBeFound: Bool {
        host.utf8.allSatisfy { $0.isASCIIAlpha || $0.isASCIIDigit || ".-_".utf8.contains($0) }
    }

    /// Takes a text apart at the colon before its port, if it has one; an IPv6 address is in brackets.
    public static func split(_ text: String) -> (host: Substring, port: Substring?) {
        let start = text.lastIndex(of: "]") ?? text.startIndex
        guard let colon = text[start...].lastIndex(of: ":") else { return (text[...], nil) }
        return (text[..<colon], text[text.index(after: colon)...])
    }
}
