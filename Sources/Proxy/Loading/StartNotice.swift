internal import Net

/// The three lines that a newcomer sees.
enum StartNotice {
    static func text(_ listeners: [ListenAddress], hasUserFile: Bool) -> String {
        let addresses = listeners.map { ($0.isTLS ? "https://" : "http://") + $0.address.text }
        let plain = addresses.first { $0.hasPrefix("http:") } ?? ""
        let secure = addresses.first { $0.hasPrefix("https:") } ?? ""
        let status =
            hasUserFile
            ? "curl -u ops:demo \(plain)/status"
            : "/status needs conf/ops.htpasswd (user:hash), and answers 403 without it"
        return """
            portico listens on \(addresses.joined(separator: ", "))
            try: curl \(plain)/ ; curl -k \(secure)/
            try: \(status)

            """
    }
}
