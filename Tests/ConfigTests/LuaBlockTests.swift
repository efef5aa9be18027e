import Testing

@testable import Config

/// Blocks whose insides are Lua.
@Suite("Blocks of Lua") struct LuaBlockTests {
    private func parse(_ text: String) throws(ConfigError) -> [Statement] {
        try ConfigParser(files: MemoryFiles([:]), directory: "").parse(text: text, name: "a.conf")
    }

    @Test(
        "end at the brace that Lua ends them with",
        arguments: [
            "", "ngx.say(\"}\")", "local a = '}' .. \"\\\"}\"", "-- }\n", "--[[ } ]]", "--[=[ ]] } ]=]",
            "x = [[ } ]]", "x = [==[ ]] ]=] } ]==]", "t = { a = { 1, 2 }, [\"}\"] = 3 }", "t[t[1]] = {}",
            "a = b - - c", "s = 'it\\'s }'", "x = \"; # $ {\\\"\"",
        ])
    func ends(_ lua: String) throws {
        let text =
            "location / {\n set_by_lua_block $x { \(lua) }\n access_by_lua_block{\(lua)\n}\n root x;\n}\n"
        let location = try #require(try parse(text).first)
        let names = location.block?.map(\.name)
        #expect(names == ["set_by_lua_block", "access_by_lua_block", "root"])
        #expect(location.block?.first?.arguments == ["$x"])
    }

    @Test("one that does not end is said to begin where it begins")
    func endless() {
        for lua in ["", "{", "'", "\"\\", "--", "--[[", "[[", "[==[ ]]", "-"] {
            let text = "a;\ncontent_by_lua_block {" + lua
            #expect(throws: ConfigError("the block of Lua has no closing \"}\"", at: place(2))) {
                try parse(text)
            }
        }
    }

    @Test("reading takes time linear in the length")
    func linear() throws {
        for part in ["[=", "]=", "'", "--[", "{}", "[[]]", "[=[]=]"] {
            let lua = String(repeating: part, count: 200_000)
            let begun = ContinuousClock.now
            _ = try? parse("content_by_lua_block {\(lua)}")
            #expect(ContinuousClock.now - begun < .seconds(10))
        }
    }

    private func place(_ line: Int) -> Config.SourceLocation {
        Config.SourceLocation(file: "a.conf", line: line)
    }
}
