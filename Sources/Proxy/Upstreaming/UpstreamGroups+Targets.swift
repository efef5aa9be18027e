internal import Config
internal import Net
internal import Upstream

/// What a `proxy_pass` with variables leads to.
extension UpstreamGroups {
    /// What a `proxy_pass` with variables came out as.
    enum Resolution {
        case group(PeerGroup, ProxyTarget)
        /// Not a URL that can be passed to: why.
        case invalid(String)
        /// A host name that is neither an upstream's nor an address.
        case name(String, ProxyTarget)
    }

    static var tooMany: String { "too many different addresses from variables in \"proxy_pass\"" }

    /// Finds the group that a URL made of variables names; an address gets a group of its own.
    func resolve(url: [UInt8], isGRPC: Bool) -> Resolution {
        let target: ProxyTarget
        do {
            target = isGRPC ? try ProxyTarget(grpc: url) : try ProxyTarget(url: url)
        } catch {
            let isPrefix = error.message == ProxyTarget.invalidPrefix
            let text = isPrefix ? " in \"\(String(decoding: url, as: UTF8.self))\"" : ""
            return .invalid(error.message + text)
        }
        if let group = group(named: target.groupName),
            !group.settings.isImplicit || group.settings.implicitPort == target.port
        {
            return .group(group, target)
        }
        guard !isGRPC || target.namesPort || target.groupName.hasPrefix("unix:") else {
            return .invalid("no port in upstream \"\(target.groupName)\"")
        }
        guard let address = SocketAddress.parse(target.groupName, defaultPort: target.defaultPort) else {
            do throws(HostAndPort.Fault) {
                let place = try HostAndPort(target.groupName, defaultPort: target.defaultPort)
                return .name(place.host, target)
            } catch {
                return .invalid("\(error.rawValue) in upstream \"\(target.groupName)\"")
            }
        }
        guard let group = group(of: target, [address]) else { return .invalid(UpstreamGroups.tooMany) }
        return .group(group, target)
    }

    /// The group of the addresses that a URL made of variables leads to now.
    ///
    /// - Returns: `nil`: there are too many groups, and all of them are in use.
    func group(of target: ProxyTarget, _ addresses: [SocketAddress]) -> PeerGroup? {
        group(of: target.groupName, port: target.port ?? 0, at: addresses)
    }
}
