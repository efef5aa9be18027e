import Config
import Testing

@testable import Proxy

/// Configurations given as text: nothing is read, opened or bound.
enum Loading {
    static let file = "built-in test.conf"

    static func main(_ text: String, globals: String = "") throws(ConfigError) -> Configuration {
        try Configuration.load(
            LoadRequest(
                prefix: "/nonexistent", path: nil, globalDirectives: globals, errorLogPath: "stderr",
                builtIn: BuiltInConfiguration(name: "test.conf", text: text)))
    }

    static func http(_ text: String) throws(ConfigError) -> Configuration {
        try main("events {}\nhttp {\nerror_log stderr; access_log off;\n\(text)\n}\n")
    }

    static func server(_ text: String) throws(ConfigError) -> Configuration {
        try http("server { listen 127.0.0.1:8080;\n\(text)\n}")
    }

    static func location(_ text: String) throws(ConfigError) -> Configuration {
        try server("location /a {\n\(text)\n}")
    }

    /// The message without the place; `nil`: it loads.
    static func refusal(_ load: () throws(ConfigError) -> Configuration) -> String? {
        do throws(ConfigError) {
            _ = try load()
            return nil
        } catch {
            return error.message
        }
    }
}

extension Configuration {
    /// The default server of the first address.
    var firstServer: VirtualServer? { listeners.first?.defaultServer }

    /// What a path leads to in the first server.
    func location(of path: String) -> Location? {
        let bytes = Array(path.utf8)
        guard case .location(let found)? = firstServer?.find(uri: bytes.span).match else {
            return nil
        }
        return found
    }

    /// The warnings without the places.
    var warningTexts: [String] {
        warnings.map { warning in
            guard let range = warning.range(of: " in \(Loading.file):") else { return warning }
            return String(warning[..<range.lowerBound])
        }
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? { ranges(of: text).last }
}
