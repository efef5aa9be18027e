import Foundation
import Testing

/// A file of the product, as text and as code without comments and literals.
struct SourceFile: Sendable, CustomTestStringConvertible {
    /// From the package's root: `Sources/Net/Socket.swift`.
    let path: String
    let lines: [String]
    /// The same lines with what stands in comments and string literals made blank.
    let code: [String]

    var testDescription: String { path }
    var text: String { lines.joined(separator: "\n") }
    /// The target it belongs to.
    var room: String { String(path.split(separator: "/")[1]) }

    init(path: String, text: String) {
        self.path = path
        lines = text.components(separatedBy: "\n")
        code = String(decoding: CodeBlanking.blank(Array(text.utf8)), as: UTF8.self)
            .components(separatedBy: "\n")
    }

    /// Every Swift file of the product.
    static let all = files(in: "Sources")

    /// Every Swift file of the bench.
    static let bench = files(in: "bench")

    /// Every Swift file of the tests.
    static let tests = files(in: "Tests")

    private static func files(in folder: String) -> [SourceFile] {
        let path = ("\(root)/\(folder)" as NSString).resolvingSymlinksInPath
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.sorted().filter { $0.hasSuffix(".swift") }.compactMap { name in
            guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else { return nil }
            return SourceFile(path: "\(folder)/\(name)", text: String(decoding: data, as: UTF8.self))
        }
    }

    /// The folder of Package.swift.
    static var root: String {
        var path = #filePath as NSString
        for _ in 0..<3 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }

    /// Lines of code that match, as `path:line: text`.
    func matches(of pattern: String) throws -> [String] {
        let expression = try NSRegularExpression(pattern: pattern)
        return code.enumerated().compactMap { index, line in
            let range = NSRange(line.startIndex..., in: line)
            if expression.firstMatch(in: line, range: range) == nil { return nil }
            return "\(path):\(index + 1): \(lines[index].trimmingCharacters(in: .whitespaces))"
        }
    }
}
