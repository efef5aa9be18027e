internal import Config
internal import Core
internal import HTTP
internal import Net

/// `geo`: a variable whose value follows from an address.
final class AddressMap {
    /// The text that holds the address; `nil`: the client's.
    let source: Template<Variable>?
    /// Who is believed when `X-Forwarded-For` names another address.
    var proxies: [AddressRange] = []
    /// Whether the nearest address that is no proxy's is taken, rather than the last one told.
    var isRecursive = false
    /// Whether the value is made anew whenever it is asked for.
    var isVolatile = false
    private enum Naming {
        case networks
        /// Spans of IPv4 addresses alone.
        case spans
    }
    private var naming = Naming.networks
    private var values: [[UInt8]] = []
    private var ipv4 = AddressTrie()
    private var ipv6 = AddressTrie()

    init(source: Template<Variable>?) {
        self.source = source
    }

    // MARK: What the block says

    /// A network as it is written, and whether bits beyond its mask are set.
    struct Network {
        let bits: AddressTrie.Network
        let isIPv6: Bool
        let hasLowBits: Bool

        /// Reads `10.0.0.0/8`, `2001:db8::/32`, or one address.
        init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = SocketAddress(ip: String(parts[0]), port: 0) else {
                return nil
            }
            let width = address.isIPv6 ? 128 : 32
            guard let length = parts.count == 2 ? Units.number(String(parts[1])) : width, length <= width
            else {
                return nil
            }
            let (high, low) = AddressMap.bits(of: address)
            let highMask = length == 0 ? 0 : UInt64.max << UInt64(max(64 - length, 0))
            let lowMask = length <= 64 ? 0 : UInt64.max << UInt64(128 - length)
            bits = AddressTrie.Network(high: high & highMask, low: low & lowMask, length: length)
            isIPv6 = address.isIPv6
            hasLowBits = high & ~highMask != 0 || low & ~lowMask != 0
        }
    }

    /// Says what the addresses of a network come to.
    ///
    /// - Returns: what they came to before, if this very network was named already.
    func add(_ network: Network, _ value: [UInt8]) -> [UInt8]? {
        values.append(value)
        let index = values.count - 1
        let old = network.isIPv6 ? ipv6.insert(network.bits, index) : ipv4.insert(network.bits, index)
        return old.map { values[$0] }
    }

    /// Says what all other addresses come to, and what is no address.
    func setDefault(_ value: [UInt8]) -> [UInt8]? {
        values.append(value)
        _ = ipv6.insert(.all, values.count - 1)
        return ipv4.insert(.all, values.count - 1).map { values[$0] }
    }

    /// Says what the addresses of spans come to; there are no networks then.
    func use(_ spans: AddressSpans) {
        naming = .spans
        spans.forEachNetwork { network, value in
            values.append(value)
            ipv4.insert(network, values.count - 1)
        }
    }

    func remove(_ network: Network) -> Bool {
        network.isIPv6 ? ipv6.remove(network.bits) : ipv4.remove(network.bits)
    }

    // MARK: The value

    /// Appends the value for `exchange`.
    func append(for exchange: Exchange, to out: ByteBuffer) {
        guard let index = find(address(for: exchange)) else { return }
        out.append(values[index])
    }

    /// What is no address counts as 255.255.255.255, as in nginx.
    private func find(_ address: SocketAddress?) -> Int? {
        guard let address = address?.unmapped, address.family != .unix, !(naming == .spans && address.isIPv6)
        else {
            return ipv4.find(high: UInt64(UInt32.max) << 32, low: 0)
        }
        let (high, low) = AddressMap.bits(of: address)
        return address.isIPv6 ? ipv6.find(high: high, low: low) : ipv4.find(high: high, low: low)
    }

    private static func bits(of address: SocketAddress) -> (high: UInt64, low: UInt64) {
        switch address.kind {
        case .ipv4(let value, _): (UInt64(value) << 32, 0)
        case .ipv6(let high, let low, _): (high, low)
        case .unix: (0, 0)
        }
    }

    private func address(for exchange: Exchange) -> SocketAddress? {
        var address = exchange.remoteAddress
        if let source {
            let text = exchange.worker.takeScratch()
            defer { exchange.worker.giveScratch(text) }
            source.append(for: exchange, to: text)
            guard let found = text.withReadable({ SocketAddress(ip: $0, port: 0) }) else { return nil }
            address = found
        }
        guard !proxies.isEmpty else { return address }
        for field in exchange.head.fields.reversed() where field.known == .xForwardedFor {
            let end = exchange.headBytes.withBytes(of: field.value) {
                ForwardedAddresses.walk(
                    $0, from: &address, isRecursive: isRecursive, isTrusted: { isProxy($0) },
                    parse: { RealIP.address(in: $0) })
            }
            guard end == .exhausted else { break }
        }
        return address
    }

    private func isProxy(_ address: SocketAddress) -> Bool {
        for index in proxies.indices where proxies[index].contains(address) { return true }
        return false
    }
}
