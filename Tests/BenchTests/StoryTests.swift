import Net
import Testing

@testable import portico_bench

@Suite("stories")
struct StoryTests {
    @Test("steps are read in order, without comments and empty lines")
    func steps() throws {
        let story = try Story(
            name: "x",
            text: "title it goes on # or not\n\n# nothing\ngateway one --size 5\nassert one requests == 0\n")
        #expect(story.title == "it goes on")
        #expect(story.steps.map(\.line) == [4, 5])
        #expect(story.steps.map(\.text) == ["gateway one --size 5", "assert one requests == 0"])
    }

    @Test(
        "what is no step is refused with its line",
        arguments: [
            "explode one", "gateway", "start one portico", "sleep", "sleep 5", "slow one", "fail one 101",
            "kill",
            "assert one requests => 1", "assert one requests == soon", "load one",
        ])
    func refusals(_ line: String) {
        #expect {
            try Story(name: "x", text: "gateway a\n\(line)\nassert a requests == 0")
        } throws: { error in
            (error as? LoadOptions.Complaint)?.text.hasPrefix("2: ") == true
        }
    }

    @Test("a story that asserts nothing is refused: it would always be true")
    func emptyClaims() {
        #expect(throws: LoadOptions.Complaint.self) { try Story(name: "x", text: "gateway a\n") }
    }

    @Test("a time is compared in microseconds, a number as it is")
    func values() throws {
        for (text, expected) in [("5ms", 5000.0), ("0", 0), ("2.5", 2.5)] {
            let step = try StoryStep(line: 1, text: "assert clients p99_us < \(text)")
            guard case .assert("clients", "p99_us", .less, let value) = step.action else {
                Issue.record("it is no assertion")
                return
            }
            #expect(value == expected)
        }
    }

    @Test("comparisons at their limits")
    func comparisons() {
        #expect(!StoryStep.holds(1, .less, 1) && StoryStep.holds(1, .atMost, 1))
        #expect(StoryStep.holds(1, .equal, 1) && !StoryStep.holds(1, .equal, 2))
        #expect(StoryStep.holds(1, .atLeast, 1) && !StoryStep.holds(1, .more, 1))
    }

    @Test("a request that comes twice is one duplicate; too many to tell apart is said")
    func duplicates() throws {
        let numbers = try GatewayBoard.makeNumbers()
        let boards = try (0..<2).map { _ in try GatewayBoard(numbers: numbers) }
        for number in 0..<10 { boards[number % 2].countNumber(number) }
        #expect(GatewayBoard.duplicates(numbers) == 0)
        boards[0].countNumber(1)
        boards[1].countNumber(1)
        #expect(GatewayBoard.duplicates(numbers) == 2)
        boards[1].countNumber(GatewayBoard.numbersMax)
        #expect(GatewayBoard.duplicates(numbers) == nil)
    }
}
