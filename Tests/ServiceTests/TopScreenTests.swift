import Testing

@testable import Service

@Suite("The screen of top") struct TopScreenTests {
    private func press(_ screen: inout TopScreen, _ text: String) -> [TopScreen.Action] {
        text.utf8.map { screen.press($0, height: 10) }.filter { $0 != .none }
    }

    @Test("keys sort, filter, drain and quit")
    func keys() {
        var screen = TopScreen()
        #expect(screen.query == "?sort=trouble")
        #expect(press(&screen, "s") == [.refresh] && screen.query == "?sort=rate")
        #expect(press(&screen, "/a b&\u{7F}\r") == [.refresh] && screen.query == "?sort=rate&q=a%20b")
        // What is typed for a filter is no order.
        #expect(press(&screen, "/q\u{1B}") == [] && screen.filter == "a b")
        #expect(
            press(&screen, "dshop 10.0.0.1:80\r") == [
                .drain(upstream: "shop", server: "10.0.0.1:80", begins: true)
            ])
        #expect(press(&screen, "ux y\r") == [.drain(upstream: "x", server: "y", begins: false)])
        #expect(press(&screen, "dnothing\r") == [] && screen.message.contains("are wanted"))
        #expect(press(&screen, "q") == [.quit] && press(&screen, "\u{3}") == [.quit])
    }

    @Test("the screen has as many lines as the terminal, and no more columns")
    func drawing() {
        var screen = TopScreen()
        screen.lines = (0..<100).map { "line \($0) " + String(repeating: "x", count: 200) }
        func shown() -> [Substring] { screen.drawing(lines: 10, columns: 20).split(separator: "\r\n") }
        #expect(shown().count == 10 && shown()[0].hasPrefix("\u{1B}[Hline 0 ") && shown()[0].count < 30)
        _ = press(&screen, " ")
        #expect(shown()[0].contains("line 8 "))
        _ = press(&screen, "b")
        #expect(shown()[0].contains("line 0 "))
        for height in [0, 1, 2] { #expect(!screen.drawing(lines: height, columns: 0).isEmpty) }
    }

    @Test("answers and lists of servers are read, whatever they are")
    func answers() {
        let answer = ControlConnection.answer(Array("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\n".utf8))
        #expect(answer.status == 200 && answer.body == "body\n")
        for text in ["", "\r\n\r\n", "HTTP/1.1\r\n\r\n", "x"] {
            #expect(ControlConnection.answer(Array(text.utf8)).status == 0)
        }
        let list = #"[{"id":3,"server":"a:1","weight":1},{"id":12,"server":"b:1"}]"#
        #expect(
            ControlConnection.id(of: "b:1", in: list) == 12 && ControlConnection.id(of: "a:1", in: list) == 3)
        #expect(
            ControlConnection.id(of: "c:1", in: list) == nil && ControlConnection.id(of: "", in: "") == nil)
    }
}
