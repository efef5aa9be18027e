import Core
import Glibc
import HTTP
import Net
import Testing

@testable import Proxy

/// What a request's content has come to, and what may be promised and sent of it then.
@Suite("Request body") struct RequestBodyTests {
    /// How the client frames its ten bytes.
    enum Framing: CaseIterable { case length, chunked }

    /// How far it came before the second target is asked.
    enum Story: CaseIterable {
        /// No target asked for it yet.
        case unread
        /// Kept whole, and complete.
        case whole
        /// Kept whole, but refused in the middle.
        case refused
        /// Streamed; nothing of it was given to the first target, and half of it has come.
        case streamedHalf
        /// Streamed; all of it has come, and nothing was given.
        case streamedAll
        /// Half has come and was given to the first target.
        case givenHalf
        case givenAll
        /// Nobody wanted it.
        case discarded
    }

    private static let content = "0123456789"
    private static let stream = RequestBody.Keeping.stream
    private static let whole = RequestBody.Keeping.whole(KeepingPlan(memoryMax: 1 << 20, folder: "/tmp"))

    /// Feeds it so many bytes of the content.
    private static func feed(_ body: RequestBody, _ framing: Framing, _ part: String) throws {
        let input = ByteBuffer(capacity: 64)
        input.append(framing == .length ? part : "\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n")
        if framing == .chunked && part.hasSuffix("9") { input.append("0\r\n\r\n") }
        #expect(try body.take(input, from: 0) == input.count)
    }

    private static func body(_ story: Story, _ framing: Framing) throws -> RequestBody {
        let body = RequestBody(pool: ContentBuffers())
        body.begin(framing == .length ? .known(10) : .unknown)
        let out = ByteBuffer(capacity: 64)
        switch story {
        case .unread: break
        case .whole:
            body.keep(whole)
            try feed(body, framing, content)
        case .refused:
            body.keep(whole)
            body.sizeMax = 8
            let input = ByteBuffer(capacity: 64)
            input.append(framing == .length ? "01234" : "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n")
            if framing == .chunked {
                #expect(throws: BodyError.self) { _ = try body.take(input, from: 0) }
            } else {
                _ = try body.take(input, from: 0)
            }
        case .streamedHalf, .givenHalf:
            body.keep(stream)
            body.settleOffer(of: .content)
            try feed(body, framing, "01234")
            if story == .givenHalf { #expect(body.give(to: out, atMost: 100)) }
        case .streamedAll, .givenAll:
            body.keep(stream)
            body.settleOffer(of: .content)
            try feed(body, framing, content)
            if story == .givenAll { #expect(body.give(to: out, atMost: 100)) }
        case .discarded:
            body.keep(stream)
            try feed(body, framing, "01234")
            body.discard()
        }
        return body
    }

    /// What the second target, which wants it kept as it says, is promised and given.
    private static func offered(_ body: RequestBody, _ wanted: RequestBody.Keeping) throws -> (
        RequestBody.Offer, String
    ) {
        body.keep(wanted)
        body.settleOffer(of: .content)
        let out = ByteBuffer(capacity: 64)
        #expect(body.give(to: out, atMost: 100))
        return (body.offer, String(decoding: out.bytes, as: UTF8.self))
    }

    @Test("what is lost is never promised: not one of its bytes is given, and the peer waits for none")
    func lostIsNotPromised() throws {
        for framing in Framing.allCases {
            for story in [Story.givenHalf, .givenAll, .discarded] {
                for wanted in [RequestBodyTests.stream, RequestBodyTests.whole] {
                    let body = try RequestBodyTests.body(story, framing)
                    #expect(!body.isIntact)
                    let (offer, given) = try RequestBodyTests.offered(body, wanted)
                    #expect(offer == .length(0), "\(story) \(framing)")
                    #expect(given.isEmpty)
                    #expect(body.isGiven)
                    #expect(body.canBeSentAgain)
                }
            }
        }
        let refused = try RequestBodyTests.body(.refused, .chunked)
        let (offer, given) = try RequestBodyTests.offered(refused, RequestBodyTests.whole)
        #expect(offer == .length(0))
        #expect(given.isEmpty)
        if case .discard = refused.keeping {} else { Issue.record("nothing is worth waiting for") }
        #expect(!refused.isInStep && !refused.isAwaited && !refused.isComplete)
    }

    @Test("what is all here is promised with its length, whichever way it was framed and kept")
    func keptIsPromised() throws {
        for framing in Framing.allCases {
            for story in [Story.whole, .streamedAll] {
                for wanted in [RequestBodyTests.stream, RequestBodyTests.whole] {
                    let body = try RequestBodyTests.body(story, framing)
                    let (offer, given) = try RequestBodyTests.offered(body, wanted)
                    #expect(offer == .length(10), "\(story) \(framing)")
                    #expect(given == RequestBodyTests.content)
                    #expect(body.isGiven)
                }
            }
        }
    }

    @Test("a copy is given whole whatever becomes of the original; of what is not all here there is none")
    func copies() throws {
        for framing in Framing.allCases {
            for story in Story.allCases {
                let body = try RequestBodyTests.body(story, framing)
                let copy = RequestBody(pool: ContentBuffers())
                copy.begin(.none)
                copy.copy(body)
                body.reset()
                let (offer, given) = try RequestBodyTests.offered(copy, RequestBodyTests.stream)
                #expect(offer == (story == .whole ? .length(10) : .none), "\(story) \(framing)")
                #expect(given == (story == .whole ? RequestBodyTests.content : ""))
                #expect(copy.isGiven && copy.canBeSentAgain && copy.isComplete)
            }
        }
    }

    @Test("so is one that stands in a file, and in memory of its own")
    func copiesOfFiles() throws {
        for memoryMax in [0, 4, 100] {
            let body = RequestBody(pool: ContentBuffers())
            body.begin(.known(10))
            body.keep(.whole(KeepingPlan(memoryMax: memoryMax, folder: "/tmp")))
            try RequestBodyTests.feed(body, .length, RequestBodyTests.content)
            let copies = (0..<2).map { _ in
                let copy = RequestBody(pool: ContentBuffers())
                copy.begin(.none)
                copy.copy(body)
                return copy
            }
            body.reset()
            for copy in copies {
                let (offer, given) = try RequestBodyTests.offered(copy, RequestBodyTests.stream)
                #expect(offer == .length(10) && given == RequestBodyTests.content, "\(memoryMax)")
                copy.restart()
                let again = ByteBuffer(capacity: 16)
                #expect(copy.give(to: again, atMost: 100) && again.count == 10)
            }
        }
    }

    @Test("what came is given and the rest as it comes, where nothing was lost before")
    func restIsStreamed() throws {
        for framing in Framing.allCases {
            let body = try RequestBodyTests.body(.streamedHalf, framing)
            let (offer, given) = try RequestBodyTests.offered(body, RequestBodyTests.stream)
            #expect(offer == (framing == .length ? .length(10) : .chunked))
            #expect(given == (framing == .length ? "01234" : "5\r\n01234\r\n"))
            #expect(!body.isGiven && !body.canBeSentAgain)
            try RequestBodyTests.feed(body, framing, "56789")
            let out = ByteBuffer(capacity: 64)
            #expect(body.give(to: out, atMost: 100))
            #expect(
                String(decoding: out.bytes, as: UTF8.self)
                    == (framing == .length ? "56789" : "5\r\n56789\r\n0\r\n\r\n"))
            #expect(body.isGiven && body.isComplete)
        }
    }

    @Test("content that was to be streamed is kept whole for a target that wants it so")
    func streamBecomesWhole() throws {
        for framing in Framing.allCases {
            for story in [Story.unread, .streamedHalf] {
                let body = try RequestBodyTests.body(story, framing)
                body.keep(RequestBodyTests.whole)
                try RequestBodyTests.feed(
                    body, framing, story == .unread ? RequestBodyTests.content : "56789")
                let (offer, given) = try RequestBodyTests.offered(body, RequestBodyTests.stream)
                #expect(offer == .length(10))
                #expect(given == RequestBodyTests.content)
                #expect(body.canBeSentAgain && body.isIntact)
            }
        }
    }

    @Test("a peer waits until all that it was promised is given; another attempt begins at the front")
    func attemptsBeginAgain() throws {
        let body = try RequestBodyTests.body(.whole, .chunked)
        body.settleOffer(of: .content)
        for _ in 0..<2 {
            #expect(!body.isGiven)
            let out = ByteBuffer(capacity: 64)
            #expect(body.give(to: out, atMost: 4))
            #expect(!body.isGiven && body.canBeSentAgain)
            for _ in 0..<2 { #expect(body.give(to: out, atMost: 4)) }
            #expect(String(decoding: out.bytes, as: UTF8.self) == RequestBodyTests.content)
            #expect(body.isGiven)
            body.restart()
        }
    }

    @Test("a streamed attempt can be made again until a byte of content was given")
    func streamCanStartAgain() throws {
        for framing in Framing.allCases {
            let body = try RequestBodyTests.body(.streamedHalf, framing)
            body.settleOffer(of: .content)
            #expect(body.canBeSentAgain)
            body.restart()
            let out = ByteBuffer(capacity: 64)
            #expect(body.give(to: out, atMost: 100))
            #expect(!body.canBeSentAgain)
        }
    }

    @Test(
        "what was given of a stream that frames end is given again while it is small and nobody has answered")
    func smallStreamStartsAgain() throws {
        for framing in Framing.allCases {
            let body = try RequestBodyTests.body(.streamedHalf, framing)
            body.settleOffer(of: .content, isFramed: false)
            for part in ["01234", "0123456789", "0123456789"] {
                if part.count == 10, body.receivedCount == 5 {
                    try RequestBodyTests.feed(body, framing, "56789")
                }
                let out = ByteBuffer(capacity: 64)
                #expect(body.give(to: out, atMost: 100))
                #expect(String(decoding: out.bytes, as: UTF8.self) == part)
                #expect(body.canBeSentAgain && body.held == nil && body.isGiven == (part.count == 10))
                body.restart()
            }
            #expect(body.give(to: ByteBuffer(capacity: 64), atMost: 100))
            body.forgetGiven()
            #expect(!body.canBeSentAgain)
        }
        let large = RequestBody(pool: ContentBuffers())
        large.begin(.unknown, by: .http2)
        large.keep(RequestBodyTests.stream)
        large.settleOffer(of: .content, isFramed: false)
        let input = ByteBuffer(capacity: 16)
        input.append([UInt8](repeating: 0x61, count: 16 << 10))
        for isKept in [true, false] {
            try large.take(Slice(from: 0, to: isKept ? input.count : 1), of: input)
            #expect(large.give(to: ByteBuffer(capacity: 16), atMost: 1 << 20))
            #expect(large.canBeSentAgain == isKept)
        }
    }

    @Test("what takes the content's place is given anew to each target, and nothing of the client's is lost")
    func replacementIsNotAppended() throws {
        let body = try RequestBodyTests.body(.whole, .length)
        for text in ["first", "second"] {
            body.replacement.removeAll()
            body.replacement.append(text)
            body.settleOffer(of: .replacement)
            #expect(body.offer == .length(Int64(text.utf8.count)))
            let out = ByteBuffer(capacity: 64)
            #expect(body.give(to: out, atMost: 100))
            #expect(String(decoding: out.bytes, as: UTF8.self) == text)
            #expect(body.isGiven && body.canBeSentAgain)
        }
        let (offer, given) = try RequestBodyTests.offered(body, RequestBodyTests.stream)
        #expect(offer == .length(10))
        #expect(given == RequestBodyTests.content)
    }

    @Test("content that is not to pass is neither promised nor given")
    func contentDoesNotPass() throws {
        for framing in Framing.allCases {
            for story in Story.allCases {
                let body = try RequestBodyTests.body(story, framing)
                body.settleOffer(of: .nothing)
                #expect(body.offer == .none)
                let out = ByteBuffer(capacity: 64)
                #expect(body.give(to: out, atMost: 100))
                #expect(out.isEmpty && body.isGiven && body.canBeSentAgain)
            }
        }
    }

    @Test("a length counts in the head; only chunks are counted as they come")
    func onlyChunksAreCounted() throws {
        let refused = try RequestBodyTests.body(.refused, .length)
        #expect(refused.isInStep && refused.isAwaited && refused.isIntact)
    }

    @Test(
        "a chunk that says that it is too large is refused before it comes",
        arguments: [
            ("9\r\n", true), ("9\r\n0123", true), ("7fffffffffffffff\r\nabc", true),
            ("5\r\n01234\r\n4", true), ("8\r\n", false), ("5\r\n01234\r\n3\r\n", false),
        ])
    func announcedChunk(lines: String, isRefused: Bool) throws {
        let body = RequestBody(pool: ContentBuffers())
        body.begin(.unknown)
        body.keep(RequestBodyTests.stream)
        body.sizeMax = 8
        let input = ByteBuffer(capacity: 64)
        input.append(lines)
        if isRefused {
            #expect(throws: BodyError.self) { _ = try body.take(input, from: 0) }
        } else {
            #expect(try body.take(input, from: 0) == input.count)
        }
    }

    @Test("a file that has lost its end cannot be given")
    func shortFileIsNoticed() throws {
        let body = RequestBody(pool: ContentBuffers())
        body.begin(.known(10))
        body.keep(.whole(KeepingPlan(memoryMax: 0, folder: "/tmp")))
        try RequestBodyTests.feed(body, .length, RequestBodyTests.content)
        let file = try #require(body.file)
        body.settleOffer(of: .content)
        let out = ByteBuffer(capacity: 64)
        #expect(body.give(to: out, atMost: 4))
        #expect(truncate("/proc/self/fd/\(file.fd)", 4) == 0)
        #expect(!body.give(to: out, atMost: 4))
        #expect(!body.isGiven && !body.isIntact && !body.canBeSentAgain)
        body.settleOffer(of: .content)
        #expect(body.offer == .length(0))
    }
}
