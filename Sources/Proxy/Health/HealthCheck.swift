internal import Config
internal import Core
internal import HTTP
package import Net
package import Upstream

/// A health check with all that a probe needs: what is sent, how, and what must come back.
package final class HealthCheck {
    /// Its words: how often, how many times, to which port.
    package let settings: HealthCheckSettings
    /// The group whose servers are asked.
    package let groupIndex: Int
    /// The request, complete; empty for `type=tcp`. Where HTTP/2 is spoken, its head.
    package let request: [UInt8]
    /// The request's content.
    package let message: [UInt8]
    /// It is sent over HTTP/2.
    package let speaksHTTP2: Bool
    /// What a response must be like; `nil`: 2xx or 3xx.
    package let match: MatchBlock?
    /// How the connection is encrypted; `nil`: it is plain.
    package let tls: TLSClientContext?
    /// What is sent as SNI, and what the certificate must be for.
    package let serverName: [UInt8]?
    /// Whom the certificate must be for; `nil`: it is not verified.
    package let verifyName: [UInt8]?
    let connectTimeoutMs: Int
    /// Longest head of an answer.
    package let headMax: Int

    /// - Parameter origin: the location that the check stands in, or one that passes to the group.
    init(_ settings: HealthCheckSettings, groupIndex: Int, group: String, match: MatchBlock?, origin: Origin?)
    {
        self.settings = settings
        self.groupIndex = groupIndex
        self.match = match
        let proxy = origin?.settings.proxy
        let target = origin?.target
        let host = target?.hostText ?? Array(group.utf8)
        request =
            settings.kind == .tcp
            ? [] : ProbeRequest(settings, origin: origin, host: host).bytes
        let isCall = settings.kind == .grpc
        message = isCall ? GRPCHealth.request(service: Array(settings.grpcService.utf8)) : []
        speaksHTTP2 = isCall || settings.kind == .http && proxy?.httpVersion == .http2
        tls = target?.isTLS == true ? origin?.plan.tls : nil
        let written = proxy?.sslName.map { ProbeRequest.text($0, target: target, host: host) } ?? host
        let name = Array(written.prefix(HostName.lengthWithoutPort(written.span)))
        serverName = proxy?.sslServerName == true ? name : nil
        verifyName = proxy?.sslVerify == true ? name : nil
        connectTimeoutMs = proxy?.connectTimeoutMs ?? 60_000
        headMax = max(proxy?.bufferSize ?? 4096, 16 << 10)
    }

    /// A location that passes requests to a group.
    struct Origin {
        let groupIndex: Int
        let settings: LocationSettings
        let target: ProxyTarget
        let plan: ProxyPlan
    }

    /// What a probe says of itself, unless the location sets another `User-Agent`.
    static let agent = Array("portico/\(Version.text) (health check)".utf8)

    /// "GET /status/ready", "TCP" or "Health/Check".
    package var title: String {
        switch settings.kind {
        case .tcp: "TCP"
        case .http: "GET \(settings.uri)"
        case .grpc: settings.grpcService.isEmpty ? "Health/Check" : "Health/Check of \(settings.grpcService)"
        }
    }

    /// Milliseconds until a server is asked again.
    package func pauseMs(isChanging: Bool, random: UInt64) -> Int {
        let interval = isChanging ? settings.fastIntervalMs ?? settings.intervalMs : settings.intervalMs
        return interval + Int(random % UInt64(settings.jitterMs + 1))
    }
}

/// The request of a health check: the location's own fields, as far as they need no client.
struct ProbeRequest {
    let bytes: [UInt8]

    init(_ settings: HealthCheckSettings, origin: HealthCheck.Origin?, host: [UInt8]) {
        var lines: [[UInt8]] = []
        var hasHost = false
        var hasAgent = false
        for header in origin?.settings.proxy.setHeaders.elements ?? [] {
            let value = ProbeRequest.text(header.value, target: origin?.target, host: host)
            guard !value.isEmpty, !ProbeRequest.isFraming(header.lowercasedName) else { continue }
            if header.lowercasedName.elementsEqual("host".utf8) { hasHost = true }
            if header.lowercasedName.elementsEqual("user-agent".utf8) { hasAgent = true }
            lines.append(header.name + Array(": ".utf8) + value)
        }
        if !hasHost { lines.insert(Array("Host: ".utf8) + host, at: 0) }
        if !hasAgent { lines.append(Array("User-Agent: ".utf8) + HealthCheck.agent) }
        let isCall = settings.kind == .grpc
        if isCall { lines.append(Array("Content-Type: application/grpc".utf8)) }
        lines.append(
            Array((settings.keepaliveTimeMs > 0 ? "Connection: keep-alive" : "Connection: close").utf8))
        let line = isCall ? "POST \(GRPCHealth.path)" : "GET \(settings.uri)"
        var made = Array("\(line) HTTP/1.1\r\n".utf8)
        for line in lines { made += line + Array("\r\n".utf8) }
        bytes = made + Array("\r\n".utf8)
    }

    /// Fields of the connection itself are the probe's own.
    private static func isFraming(_ name: [UInt8]) -> Bool {
        ["connection", "upgrade", "content-length", "transfer-encoding", "te", "expect", "keep-alive"]
            .contains(String(decoding: name, as: UTF8.self))
    }

    /// A value of the location where there is no request: most variables are empty.
    static func text(_ template: Template<Variable>, target: ProxyTarget?, host: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for part in template.parts {
            switch part {
            case .literal(let bytes): out += bytes
            case .capture: break
            case .variable(.builtin(let index)) where Variables.rows.indices.contains(index):
                switch Variables.rows[index].name {
                case "proxy_host": out += host
                case "proxy_port": out += target?.portText ?? []
                case "hostname": out += Array(Host.name.utf8)
                default: break
                }
            case .variable: break
            }
        }
        return out
    }
}
