import Foundation
import Synchronization
import TestSupport

/// A name server on a UDP port that answers A and SRV questions from a table; other questions have no answer.
final class NameServer: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let table: Mutex<[String: [String]]>
    private let questions = Atomic(0)
    private let questionsByName = Mutex<[String: Int]>([:])

    var questionCount: Int { questions.load(ordering: .relaxed) }

    func questionCount(of name: String) -> Int { questionsByName.withLock { $0[name] ?? 0 } }

    /// In the place of addresses: questions about the name are not answered.
    static var silence: [String] { ["silence"] }

    /// - Parameter table: IPv4 addresses by name, or `priority weight port host` of SRV records; a name that is not in it does not exist.
    init(_ table: [String: [String]]) throws {
        self.table = Mutex(table)
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let fd = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, length) == 0 && getsockname(fd, $0, &length) == 0
            }
        }
        guard descriptor >= 0, isBound else { throw HarnessError.call("bind") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in serve() }
    }

    func set(_ name: String, _ addresses: [String]?) { table.withLock { $0[name] = addresses } }

    func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func serve() {
        while true {
            var question = [UInt8](repeating: 0, count: 512)
            var from = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &from) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &question, question.count, 0, $0, &length)
                }
            }
            guard count > 12 else { break }
            questions.wrappingAdd(1, ordering: .relaxed)
            let answer = answer(to: Array(question.prefix(count)))
            _ = withUnsafeMutablePointer(to: &from) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, answer, answer.count, 0, $0, length)
                }
            }
        }
        close(descriptor)
    }

    private func answer(to question: [UInt8]) -> [UInt8] {
        var position = 12
        var labels: [String] = []
        while position < question.count, question[position] > 0 {
            let end = position + 1 + Int(question[position])
            guard end < question.count else { return [] }
            labels.append(String(decoding: question[(position + 1)..<end], as: UTF8.self))
            position = end
        }
        guard position + 4 < question.count else { return [] }
        let isA = question[position + 2] == 1
        let name = labels.joined(separator: ".").lowercased()
        questionsByName.withLock { $0[name, default: 0] += 1 }
        let found = table.withLock { $0[name] }
        // Nothing that could be read as an answer.
        if found == NameServer.silence { return [] }
        let isService = question[position + 2] == 33
        let addresses = (found ?? []).filter { isA && !$0.contains(" ") || isService && $0.contains(" ") }
        var out =
            Array(question[0..<2]) + [0x81, found == nil ? 0x83 : 0x80, 0, 1, 0, UInt8(addresses.count)]
        out += [0, 0, 0, 0] + question[12...(position + 4)]
        for record in addresses where isService {
            let words = record.split(separator: " ")
            let numbers = words.prefix(3).compactMap { UInt16($0) }.flatMap {
                [UInt8($0 >> 8), UInt8($0 & 0xFF)]
            }
            let target = (words.last ?? "").split(separator: ".").flatMap {
                [UInt8($0.utf8.count)] + Array($0.utf8)
            }
            out += [0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 1, 0, UInt8(numbers.count + target.count + 1)]
            out += numbers + target + [0]
        }
        for address in addresses where isA {
            // A pointer to the question's name, type A, class IN, one second, four bytes.
            out += [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]
            out += address.split(separator: ".").compactMap { UInt8($0) }
        }
        return out
    }
}
