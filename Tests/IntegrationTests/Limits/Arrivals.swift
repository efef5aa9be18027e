import Foundation
import Synchronization

/// Requests that arrive at one time, each over a connection of its own, and what became of each.
enum Arrivals {
    /// - Parameter targets: one for each request.
    /// - Returns: the statuses in the order of the targets; 0: there was no answer.
    static func statuses(_ port: UInt16, _ targets: [String], fields: String = "") -> [Int] {
        let found = Mutex([Int](repeating: 0, count: targets.count))
        DispatchQueue.concurrentPerform(iterations: targets.count) { index in
            let request = "GET \(targets[index]) HTTP/1.1\r\nHost: a\r\n\(fields)Connection: close\r\n\r\n"
            let status = (try? RawClient.ask(port, request, within: 30))?.status ?? 0
            found.withLock { $0[index] = status }
        }
        return found.withLock { $0 }
    }

    /// Requests one after the other.
    static func inTurn(_ port: UInt16, _ target: String, _ count: Int) throws -> [Int] {
        try (0..<count).map { _ in try RawClient.get(port, target).status }
    }
}
