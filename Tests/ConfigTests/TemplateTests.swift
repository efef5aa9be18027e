import Config
import Testing

@Suite("Templates") struct TemplateTests {
    private func template(_ text: String) throws(ConfigError) -> Template<String> {
        try Template(text, at: anyStatement) { (name) throws(ConfigError) in
            guard name != "nope", name != "1" else { throw ConfigError("unknown \"\(name)\" variable") }
            return name
        }
    }

    private func shape(_ template: Template<String>) -> String {
        template.parts.map { part in
            switch part {
            case .literal(let bytes): "'\(String(decoding: bytes, as: UTF8.self))'"
            case .variable(let name): "<\(name)>"
            case .capture(let index): "<#\(index)>"
            }
        }.joined()
    }

    @Test(
        "a text falls into literals, variables and captures",
        arguments: [
            ("", ""), ("abc", "'abc'"), ("$host", "<host>"), ("${host}x$a_1.", "<host>'x'<a_1>'.'"),
            ("a$1$2b$10", "'a'<#1><#2>'b'<#1>'0'"), ("$HOST", "<HOST>"), ("$0", "<0>"), ("$a$b", "<a><b>"),
            ("}{$a}", "'}{'<a>'}'"), ("ä$a", "'ä'<a>"),
        ])
    func compiles(text: String, parts: String) throws {
        let compiled = try template(text)
        #expect(shape(compiled) == parts)
        #expect(compiled.source == text)
    }

    @Test(
        "a reference that nginx refuses is refused in its words",
        arguments: [
            ("$", "invalid variable name"), ("a$", "invalid variable name"), ("${", "invalid variable name"),
            ("${}", "invalid variable name"), ("$-", "invalid variable name"),
            ("$$host", "invalid variable name"),
            ("$ä", "invalid variable name"), ("${a", "the closing bracket in \"a\" variable is missing"),
            ("${a-b}", "the closing bracket in \"a\" variable is missing"),
            ("${-}", "the closing bracket in \"\" variable is missing"),
            ("$nope", "unknown \"nope\" variable"),
            ("${1}", "unknown \"1\" variable"),
        ])
    func refuses(text: String, message: String) {
        #expect(
            problem { () throws(ConfigError) in _ = try template(text) } == "\(message) in /conf/t.conf:7")
    }

    @Test("a text without references is constant, also when it is empty or made of bytes")
    func constants() throws {
        #expect(try template("abc").constant == Array("abc".utf8))
        #expect(try template("").constant == [])
        #expect(try template("a$b").constant == nil)
        #expect(try !template("$1").isConstant)
        let bytes = Template<String>(constant: Array("$a".utf8))
        #expect(bytes.isConstant)
        #expect(shape(bytes) == "'$a'")
        #expect(bytes.source == "$a")
    }
}
