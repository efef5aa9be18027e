import Core
import Testing

@testable import HTTP

@Suite("Field list") struct FieldListTests {
    private func field(_ start: Int, _ known: FieldName) -> Field {
        Field(name: Slice(from: start, to: start + 1), value: Slice(from: start, to: start), known: known)
    }

    @Test("holds fields in their order, beyond the room that it began with")
    func keepsOrder() {
        var list = FieldList(capacity: 2)
        for index in 0..<100 { list.append(field(index, .other)) }
        #expect(list.count == 100)
        #expect(list.map(\.name.start) == (0..<100).map { UInt32($0) })
    }

    @Test("a number has a bit for each known name")
    func knownNames() {
        #expect(FieldName.allCases.allSatisfy { $0.rawValue < 64 })
    }

    @Test("has nothing of a former head once it is emptied")
    func forgets() {
        var list = FieldList()
        list.append(field(0, .host))
        list.append(field(1, .connection))
        list.removeAll()
        #expect(list.isEmpty)
        #expect(!list.mayHold(.host))
        list.append(field(7, .date))
        #expect(list.map(\.known) == [.date])
        #expect(list.mayHold(.date) && !list.mayHold(.connection))
    }

    @Test("the memory of a usual head is kept for the next one, that of a huge one is not")
    func keepsMemory() {
        var list = FieldList()
        for index in 0..<1024 { list.append(field(index, .other)) }
        list.removeAll()
        #expect(list.isEmpty && list.places.count == 1024)
        for index in 0..<1025 { list.append(field(index, .other)) }
        list.removeAll()
        #expect(list.isEmpty && list.places.isEmpty)
    }

    @Test("a field is changed in its place")
    func changesInPlace() {
        var list = FieldList()
        for index in 0..<3 { list.append(field(index, .other)) }
        list[1].isConnectionNamed = true
        list[2] = field(9, .via)
        #expect(list.map(\.isConnectionNamed) == [false, true, false])
        #expect(list.mayHold(.via))
    }

    @Test("has a bit for every known name")
    func hasRoomForNames() {
        #expect(FieldName.allCases.allSatisfy { $0.rawValue < 64 })
        for name in FieldName.allCases {
            var list = FieldList()
            list.append(field(0, name))
            #expect(FieldName.allCases.filter { list.mayHold($0) } == [name])
        }
    }

    @Test("what a head had says nothing of the next one")
    func headsForget() {
        let head = ResponseHead()
        var parser = HTTP1ResponseParser()
        let buffer = ByteBuffer(capacity: 256)
        buffer.append("HTTP/1.1 200 OK\r\nX-Accel-Redirect: /a\r\nConnection: close\r\n\r\n")
        _ = parser.parse(buffer, into: head, sizeMax: 4096)
        #expect(head.firstField(.xAccelRedirect) != nil && head.connection.contains(.close))
        buffer.removeAll()
        buffer.append("HTTP/1.1 200 OK\r\nDate: x\r\n\r\n")
        _ = parser.parse(buffer, into: head, sizeMax: 4096)
        #expect(head.firstField(.xAccelRedirect) == nil && head.connection.isEmpty)
        #expect(head.firstField(.date) != nil)
    }
}
