import Foundation
import Testing

/// The rules of the house that a machine can check, on every file of the product.
@Suite("style")
struct StyleTests {
    /// What each room may import; `Synchronization` is open to all.
    static let table: [String: Set<String>] = [
        "Core": [],
        "HTTP": ["Core"],
        "Config": ["Core"],
        "Pattern": ["Core"],
        "Net": ["Core", "CLinux", "COpenSSL", "Glibc"],
        "Sharing": ["Core", "Net"],
        "Upstream": ["Core", "Config", "HTTP", "Net", "Sharing"],
        "Status": ["Core", "HTTP", "Net", "Sharing", "Upstream"],
        "Proxy": ["Core", "Config", "HTTP", "Pattern", "Net", "Sharing", "Upstream", "Status"],
        "Checker": ["Core", "HTTP", "Net", "Sharing", "Upstream", "Proxy"],
        "Service": [
            "Core", "Config", "HTTP", "Net", "Sharing", "Upstream", "Proxy", "Checker", "Glibc", "CLinux",
        ],
        "portico": ["Service", "Core", "Net", "Glibc"],
    ]

    @Test("there are sources to look at")
    func sourcesAreFound() {
        #expect(SourceFile.all.count > 10)
    }

    @Test("a file has at most 500 lines", arguments: SourceFile.all)
    func filesAreShort(_ file: SourceFile) {
        let count = file.lines.count - (file.lines.last == "" ? 1 : 0)
        if Exemptions.covers(Exemptions.longFiles, file.path) { return }
        #expect(count <= 500, "\(file.path) has \(count) lines")
    }

    @Test("a function has at most 70 lines", arguments: SourceFile.all)
    func functionsAreShort(_ file: SourceFile) {
        for function in FunctionScan.functions(in: file) where function.lineCount > 70 {
            let name = "\(file.path): \(function.name)"
            if Exemptions.longFunctions.keys.contains(where: name.hasPrefix) { continue }
            Issue.record("\(file.path):\(function.line): \(function.name) has \(function.lineCount) lines")
        }
    }

    /// Four are the aim; what takes more wants a struct.
    @Test("a function has at most six parameters", arguments: SourceFile.all)
    func parametersAreFew(_ file: SourceFile) {
        for function in FunctionScan.functions(in: file) where function.parameterCount > 6 {
            let isExempt = Exemptions.manyParameters.keys.contains {
                "\(file.path): \(function.name)".hasPrefix($0)
            }
            if isExempt { continue }
            Issue.record("\(file.path):\(function.line): \(function.name) has \(function.parameterCount)")
        }
    }

    @Test("a line has at most 110 columns", arguments: SourceFile.all)
    func linesAreNarrow(_ file: SourceFile) {
        if Exemptions.covers(Exemptions.wideLines, file.path) { return }
        for (index, line) in file.lines.enumerated() where line.count > 110 {
            Issue.record("\(file.path):\(index + 1): \(line.count) columns")
        }
    }

    @Test("a room imports only rooms below it", arguments: SourceFile.all)
    func importsGoDown(_ file: SourceFile) throws {
        let allowed = try #require(StyleTests.table[file.room], "\(file.room) is not in the table")
        for line in file.code {
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
                words[..<at].allSatisfy({ ["public", "internal", "package", "@_exported"].contains($0) })
            else { continue }
            let module = String(words[at + 1])
            if module == "Synchronization" || module == "Swift" || allowed.contains(module) { continue }
            if Exemptions.imports["\(file.path): \(module)"] != nil { continue }
            Issue.record("\(file.path) imports \(module)")
        }
    }

    /// One `package import` keeps the compiler from inlining, and from specializing generics, over the walls of
    /// its room wherever the imported room is named: a proxied request took 38 % more instructions.
    @Test("rooms below the proxy are imported in public or not at all", arguments: SourceFile.all)
    func importsLetInline(_ file: SourceFile) {
        guard ["Core", "HTTP", "Net", "Sharing", "Upstream"].contains(file.room) else { return }
        for (index, line) in file.code.enumerated() where line.hasPrefix("package import") {
            Issue.record("\(file.path):\(index + 1): make what uses the import public")
        }
    }

    @Test("a type has no empty word in its name", arguments: SourceFile.all)
    func namesSaySomething(_ file: SourceFile) throws {
        let banned = "Manager|Helper|Util|Utils|Impl|Base|Info|Data|Context|Wrapper|Better|New"
        let pattern = "\\b(class|struct|enum|protocol|actor|typealias)\\s+(\\w*?)(\(banned))(?![a-z0-9])"
        for line in try file.matches(of: pattern) where !Exemptions.names.keys.contains(where: line.contains)
        {
            Issue.record("\(line)")
        }
    }

    @Test("nothing is left for later", arguments: SourceFile.all)
    func nothingIsLeft(_ file: SourceFile) {
        for (index, line) in file.lines.enumerated() {
            for word in ["TODO", "FIXME", "XXX"] where line.contains(word) {
                Issue.record("\(file.path):\(index + 1): \(word)")
            }
        }
    }

    static let forbidden: [(pattern: String, reason: String)] = [
        ("\\btry!", "an error from outside would be a crash"),
        ("\\bas!", "a cast that fails would be a crash"),
        ("\\bfatalError\\(", "a trap is a remote crash; precondition names our own errors"),
        ("[\\w\\)\\]]!(?!=)", "a force unwrap that fails is a crash"),
        ("\\bnonisolated\\(unsafe\\)", "state belongs to one worker"),
        ("@unchecked\\s+Sendable", "state belongs to one worker"),
        ("\\bimport\\s+Foundation", "it doubles a process's memory"),
        ("\\bimport\\s+Dispatch", "a worker is one thread"),
        ("\\bactor\\s+\\w|\\bawait\\b|\\bTask\\s*[{(.]", "a worker is one thread"),
    ]

    @Test("what may crash or share is not written", arguments: SourceFile.all)
    func dangerIsAbsent(_ file: SourceFile) throws {
        for (pattern, reason) in StyleTests.forbidden {
            for line in try file.matches(of: pattern) { Issue.record("\(line) (\(reason))") }
        }
    }

    private static let pointers = "\\bUnsafe\\w+|\\bwithUnsafe\\w+|\\bunsafeBitCast\\b"

    @Test("pointers stay in the listed files", arguments: SourceFile.all)
    func pointersAreListed(_ file: SourceFile) throws {
        let found = try file.matches(of: StyleTests.pointers)
        if Exemptions.unsafe[file.path] != nil {
            #expect(!found.isEmpty, "\(file.path) has no pointers: it need not be listed")
        } else {
            #expect(found.isEmpty, "\(found.prefix(3).joined(separator: "\n"))")
        }
    }

    @Test("every file that may have pointers is there", arguments: Exemptions.unsafe.keys.sorted())
    func listedFilesExist(_ path: String) {
        #expect(SourceFile.all.contains { $0.path == path })
    }

    /// A state wants to be an enum with its data, not a group of flags.
    @Test("a class has at most two stored Bools", arguments: SourceFile.all)
    func flagsAreFew(_ file: SourceFile) {
        for (name, count) in StyleTests.flags(in: file) where count > 2 && Exemptions.flags[name] == nil {
            Issue.record("\(file.path): \(name) has \(count) stored Bools")
        }
    }

    @Test("no class is allowed more flags than it has", arguments: Exemptions.flags.keys.sorted())
    func flagExemptionsAreNeeded(_ name: String) {
        let counts = SourceFile.all.flatMap { StyleTests.flags(in: $0) }.filter { $0.name == name }.map(
            \.count)
        #expect(counts.contains { $0 > 2 })
    }

    /// How many stored Bools each class of a file has.
    static func flags(in file: SourceFile) -> [(name: String, count: Int)] {
        var found: [(name: String, count: Int)] = []
        var isInClass = false
        for line in file.code {
            if let at = line.range(of: "final class "), !line.hasPrefix("  ") {
                found.append((String(line[at.upperBound...].prefix { $0.isLetter || $0.isNumber }), 0))
                isInClass = true
            } else if line.hasPrefix("}") {
                isInClass = false
            }
            let text = line.trimmingCharacters(in: .whitespaces)
            let isStored = text.contains("var ") && !text.hasSuffix("{") && !text.contains("{ ")
            let isFlag = text.contains(": Bool") || text.hasSuffix("= false") || text.hasSuffix("= true")
            if isInClass, isStored, isFlag, line.hasPrefix("    "), !line.hasPrefix("     ") {
                found[found.count - 1].count += 1
            }
        }
        return found
    }
}
