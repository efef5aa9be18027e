internal import Net

/// The lines that a newcomer sees.
enum StartNotice {
    /// - Parameter folder: where a gateway of the demonstration looks whether it is dead; `nil`: it is none.
    static func text(_ listeners: [ListenAddress], hasUserFile: Bool, demonstration folder: String?)
        -> String
    {
        let addresses = listeners.map { ($0.isTLS ? "https://" : "http://") + $0.address.text }
        let plain = addresses.first { $0.hasPrefix("http:") } ?? ""
        let secure = addresses.first { $0.hasPrefix("https:") } ?? ""
        let status =
            hasUserFile
            ? "curl -u ops:demo \(plain)/status"
            : "/status needs conf/ops.htpasswd (user:hash), and answers 403 without it"
        let failover = folder.map { folder in
            let file = ConfigurationBuilder.join(folder, "logs/gateway-2.dead")
            return "kill a gateway: touch \(file)   (rm revives it)\n"
        }
        return """
            portico listens on \(addresses.joined(separator: ", "))
            try: curl \(plain)/ ; curl -k \(secure)/
            try: \(status)
            \(failover ?? "")
            """
    }
}
