import Foundation
import Testing

/// The names of all built-in variables, read from the rows that define them.
enum VariableNames {
    static func all() throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/Proxy/Variables")
        let row = /(?:VariableRow|always|unlessEmpty|certificateRow)\(\s*"([a-z0-9_]+)"/
        let names = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
            .filter { $0.hasPrefix("VariableRows+") }
            .flatMap { name in
                try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8).matches(of: row)
                    .map { String($0.output.1) }
            }
        try #require(names.count >= 90, "\(names.count) variables")
        return names
    }

    /// `name=[$name]` of each: what stands in a log format between single quotes, in several strings, as one
    /// may have 4096 bytes.
    static func format() throws -> String {
        let fields = try all().map { "\($0)=[$\($0)]" }
        return stride(from: 0, to: fields.count, by: 50).map { start in
            fields[start..<min(start + 50, fields.count)].joined(separator: " ")
        }.joined(separator: " ' '")
    }
}
