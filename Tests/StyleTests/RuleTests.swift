import Testing

/// The rules' own eyes: what they must see, and what they must not.
@Suite("style rules see code only")
struct RuleTests {
    @Test("literals and comments are blank")
    func literalsAreBlank() throws {
        let file = SourceFile(
            path: "Sources/Core/X.swift",
            text: ##"let a = "x!" // y!\##nlet b = #"z!"# + """\##n q!\##n """\##nlet c = "\(d["e"]!)"; f()"##
        )
        #expect(file.code.joined().contains("!") == false)
        try #require(file.code.count == 5)
        #expect(file.code[4].hasSuffix("; f()"))
    }

    @Test("a force unwrap is seen, a comparison and a negation are not")
    func forceUnwraps() throws {
        let file = SourceFile(path: "Sources/Core/X.swift", text: "a!.b\nc != d\nif !e {}\nf()!\ng!=h")
        #expect(try file.matches(of: "[\\w\\)\\]]!(?!=)").count == 2)
    }

    @Test("a function's lines are counted from its name to its brace")
    func functionLines() {
        let text =
            "struct S {\n  func a(\n    b: Int = { 1 }()\n  ) -> Int {\n    b\n  }\n  init() {}\n}\nprotocol P { func c() }"
        let found = FunctionScan.functions(in: SourceFile(path: "Sources/Core/X.swift", text: text))
        #expect(found.map(\.lineCount) == [5, 1])
        #expect(found.map(\.parameterCount) == [1, 0])
    }
}
