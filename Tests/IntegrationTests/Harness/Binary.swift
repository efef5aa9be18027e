import Foundation

/// Where the programs under test are.
enum Binary {
    /// The program under test: `PORTICO_BINARY`, or the one in the build folder of this test bundle.
    static var portico: String {
        if let chosen = ProcessInfo.processInfo.environment["PORTICO_BINARY"] { return chosen }
        var candidates: [String] = []
        for start in [
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")),
            CommandLine.arguments.first,
        ] {
            guard let start else { continue }
            candidates.append((start as NSString).deletingLastPathComponent + "/portico")
        }
        candidates.append(packageRoot + "/.build/debug/portico")
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
    }

    static var promtool: String? { found(["/usr/bin/promtool"]) }

    /// A browser without a screen.
    static var chromium: String? { found(["/usr/bin/chromium", "/usr/bin/chromium-browser"]) }

    /// A load generator that speaks HTTP/2.
    static var h2load: String? { found(["/usr/bin/h2load"]) }

    /// A server of HTTP/2 alone.
    static var nghttpd: String? { found(["/usr/bin/nghttpd", "/usr/sbin/nghttpd"]) }

    static var nghttp: String? { found(["/usr/bin/nghttp"]) }

    /// A Python, perhaps one with packages of its own: `PORTICO_PYTHON`, or the usual one.
    static var python: String { ProcessInfo.processInfo.environment["PORTICO_PYTHON"] ?? "python3" }

    private static func found(_ paths: [String]) -> String? {
        paths.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The model, nil when it is not installed.
    static var nginx: String? {
        ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/usr/local/nginx/sbin/nginx"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The folder of Package.swift.
    static var packageRoot: String {
        var path = #filePath as NSString
        for _ in 0..<4 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }
}
