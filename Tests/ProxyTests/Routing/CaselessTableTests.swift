import Core
import Testing

@testable import Proxy

@Suite("Tables of names without case")
struct CaselessTableTests {
    @Test("a name is found in whatever case it is asked for or was put in")
    func caseIsIgnored() {
        var table = CaselessTable()
        let isFree = table.insert(Array("Content-Type".utf8), 7)
        #expect(isFree)
        for name in ["content-type", "CONTENT-TYPE", "Content-Type"] {
            #expect(table[Array(name.utf8).span] == 7)
        }
        #expect(table[Array("content-typ".utf8).span] == nil)
        #expect(table[[UInt8]().span] == nil)
    }

    @Test("only ASCII letters have a case")
    func onlyLettersHaveCase() {
        var table = CaselessTable()
        table.insert([UInt8(ascii: "@"), 0xC0], 1)
        #expect(table[[UInt8(ascii: "`"), 0xC0].span] == nil)
        #expect(table[[UInt8(ascii: "@"), 0xE0].span] == nil)
        #expect(table[[UInt8(ascii: "@"), 0xC0].span] == 1)
    }

    @Test("the last word counts, and the name is there once")
    func lastWordCounts() {
        var table = CaselessTable()
        let isFree = table.insert(Array("a".utf8), 1)
        #expect(isFree)
        let isFreeStill = table.insert(Array("A".utf8), 2)
        #expect(!isFreeStill)
        #expect(table[Array("a".utf8).span] == 2)
        #expect(table.count == 1)
    }

    @Test("the empty name is a name")
    func emptyName() {
        var table = CaselessTable()
        table.insert([], 3)
        #expect(table[[UInt8]().span] == 3)
    }

    @Test("the same as a dictionary, while it grows")
    func sameAsDictionary() {
        var random = SplitMix(seed: 7)
        var table = CaselessTable()
        var model: [String: Int] = [:]
        for value in 0..<5000 {
            let letters = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                "abcdefABCDEF-.".randomElement(using: &random) ?? "a"
            }
            let name = String(letters)
            let isNew = model.updateValue(value, forKey: name.lowercased()) == nil
            let isFree = table.insert(Array(name.utf8), value)
            #expect(isFree == isNew)
        }
        #expect(table.count == model.count)
        for (name, value) in model { #expect(table[Array(name.uppercased().utf8).span] == value) }
    }
}
