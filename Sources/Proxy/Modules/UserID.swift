internal import Core
internal import HTTP
internal import Net

/// `userid`: what a client's cookie says, and the one that it is given.
///
/// Sixteen bytes as nginx makes them: a service, the time, a worker's start and a number that grows.
struct UserID: Equatable {
    /// In the order of the cookie's bytes.
    private(set) var bytes: [UInt8]

    static var byteCount: Int { 16 }
    /// Letters of base64 that stand for them, without padding.
    static var letterCount: Int { 22 }

    /// Reads a cookie.
    ///
    /// - Returns: `nil` if it does not begin with one.
    init?(_ cookie: [UInt8]) {
        guard cookie.count >= UserID.letterCount else { return nil }
        let made = ByteBuffer(capacity: UserID.byteCount)
        guard Base64.decodeLoosely(cookie.span.extracting(first: UserID.letterCount), to: made),
            made.count == UserID.byteCount
        else { return nil }
        bytes = made.bytes
    }

    /// Four numbers, each with its first byte in front or behind.
    init(_ words: [UInt32], isBigEndian: Bool) {
        bytes = words.flatMap { word in
            let shifts: [UInt32] = isBigEndian ? [24, 16, 8, 0] : [0, 8, 16, 24]
            return shifts.map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    /// A client that was told none: all zero at the end.
    var isNone: Bool { bytes.suffix(4).allSatisfy { $0 == 0 } }

    /// As logs have it: four numbers in hexadecimal, each with its last byte in front.
    func append(to out: ByteBuffer) {
        for start in stride(from: 0, to: bytes.count, by: 4) {
            for index in (start..<start + 4).reversed() {
                out.append(UInt8.hexDigit(bytes[index] >> 4, uppercase: true))
                out.append(UInt8.hexDigit(bytes[index] & 15, uppercase: true))
            }
        }
    }
}

/// What a worker makes them of.
struct UserIDMaker {
    private let start: UInt32
    private var firstNumber: UInt32 = 1
    private var secondNumber = UserIDMaker.secondMin

    /// No byte of it is 0, as in nginx.
    private static var secondMin: UInt32 { 0x0303_0302 }

    init(nowUs: Int64) {
        let fraction = UInt32(truncatingIfNeeded: max(0, nowUs) % 1_000_000 / 20)
        start = fraction << 16 | UInt32(truncatingIfNeeded: ProcessID.current) & 0xFFFF
    }

    mutating func first(service: UInt32, seconds: Int64) -> UserID {
        defer { firstNumber &+= 0x100 }
        return UserID(
            [service, UInt32(truncatingIfNeeded: seconds), start, firstNumber], isBigEndian: false)
    }

    mutating func second(service: UInt32, seconds: Int64) -> UserID {
        defer {
            secondNumber &+= 0x100
            secondNumber = max(secondNumber, UserIDMaker.secondMin)
        }
        return UserID(
            [service, UInt32(truncatingIfNeeded: seconds), start, secondNumber], isBigEndian: true)
    }
}

/// What is known of one request.
struct UserIDs {
    /// The client's own; `nil`: it has none.
    var got: UserID?
    /// The cookie as it came.
    var cookie: [UInt8] = []
    /// What it is given; `nil`: nothing.
    var given: UserID?
    /// `$uid_reset`: its own counts no more.
    var isReset = false
    /// It was settled what it is given.
    var isSettled = false
}

extension Exchange {
    /// `$uid_got`, `$uid_set`: name and number.
    func append(_ id: UserID?, to out: ByteBuffer) -> Bool {
        guard let id else { return false }
        out.append(location.settings.userID.name)
        out.append("=")
        id.append(to: out)
        return true
    }

    /// What the client's cookie says; `nil`: that is not asked for.
    var gotUserID: UserID? {
        if case .off = location.settings.userID.mode { return nil }
        return readUserID().got
    }

    /// What the client will be told; `nil`: nothing.
    var givenUserID: UserID? { location.settings.userID.sets ? settleUserID().given : nil }

    private func readUserID() -> UserIDs {
        if let known = values.userIDs { return known }
        var ids = UserIDs()
        let text = worker.takeScratch()
        defer { worker.giveScratch(text) }
        let name = location.settings.userID.name.map(\.asciiLowercased)
        if appendCookie(named: name, to: text) {
            ids.cookie = text.bytes
            let isLong = text.count >= UserID.letterCount
            let id = UserID(ids.cookie)
            if id == nil {
                log(
                    .error,
                    "client sent \(isLong ? "invalid" : "too short") userid cookie \"\(text.printableText)\"")
            }
            if let id, !id.isNone { ids.got = id }
        }
        values.userIDs = ids
        return ids
    }

    private func settleUserID() -> UserIDs {
        var ids = readUserID()
        guard !ids.isSettled else { return ids }
        ids.isSettled = true
        defer { values.userIDs = ids }
        if let got = ids.got {
            let reset = resetWord
            guard !reset.isEmpty, reset != [UInt8(ascii: "0")] else {
                if !isMarked(ids.cookie) { ids.given = got }
                return ids
            }
            ids.isReset = true
            if reset.elementsEqual("log".utf8) { logReset(of: got) }
        }
        let settings = location.settings.userID
        let seconds = worker.clock.wallSeconds
        if case .first = settings.mode {
            ids.given = worker.userIDs.first(service: settings.service ?? 0, seconds: seconds)
        } else {
            ids.given = worker.userIDs.second(service: settings.service ?? localService, seconds: seconds)
        }
        return ids
    }

    /// The value of `$uid_reset`.
    private var resetWord: [UInt8] {
        guard let index = snapshot.configuration.userVariables["uid_reset"],
            values.user.indices.contains(index)
        else { return [] }
        return values.user[index].bytes
    }

    /// Whether the cookie ends with the letter that it must.
    private func isMarked(_ cookie: [UInt8]) -> Bool {
        guard let mark = location.settings.userID.mark else { return true }
        return cookie.count > UserID.letterCount + 1 && cookie[UserID.letterCount] == mark
            && cookie[UserID.letterCount + 1] == UInt8(ascii: "=")
    }

    private func logReset(of id: UserID) {
        let text = worker.takeScratch()
        defer { worker.giveScratch(text) }
        _ = append(id, to: text)
        log(.notice, "userid cookie \"\(text.printableText)\" was reset")
    }

    /// The last four bytes of the address that the client connected to.
    private var localService: UInt32 {
        var service: UInt32 = 0
        client.localAddress.withAddressBytes { bytes in
            for index in max(0, bytes.count - 4)..<bytes.count {
                service = service << 8 | UInt32(bytes[index])
            }
        }
        return service
    }

    /// Adds the cookie to the response, if the client is to have one.
    func tellUserID() {
        guard !isSubrequest else { return }
        let ids = settleUserID()
        guard let given = ids.given else { return }
        let settings = location.settings.userID
        response.add(.setCookie) { out in
            out.append(settings.name)
            out.append("=")
            let start = out.count
            if ids.got == nil || ids.isReset {
                out.append(Digest.base64(given.bytes))
            } else {
                out.append(Array(ids.cookie.prefix(UserID.letterCount)))
                out.append("==")
            }
            if let mark = settings.mark {
                out.truncate(to: start + UserID.letterCount)
                out.append(mark)
                out.append("=")
            }
            self.appendAttributes(settings, to: out)
        }
        guard !settings.policy.isEmpty else { return }
        response.add(name: Array("P3P".utf8), known: .other) { $0.append(settings.policy) }
    }

    private func appendAttributes(_ settings: UserIDSettings, to out: ByteBuffer) {
        switch settings.lifetime {
        case .session, .seconds(0): break
        case .lasting: out.append("; expires=Thu, 31-Dec-37 23:55:55 GMT")
        case .seconds(let seconds):
            out.append("; expires=")
            CivilTime.appendCookieDate(worker.clock.wallSeconds + Int64(seconds), to: out)
        }
        if !settings.domain.isEmpty {
            out.append("; domain=")
            out.append(settings.domain)
        }
        out.append("; path=")
        out.append(settings.path)
        if settings.flags.contains(.secure) { out.append("; secure") }
        if settings.flags.contains(.httpOnly) { out.append("; httponly") }
        if settings.flags.contains(.strict) { out.append("; samesite=strict") }
        if settings.flags.contains(.lax) { out.append("; samesite=lax") }
        if settings.flags.contains(.sameSiteNone) { out.append("; samesite=none") }
    }
}
