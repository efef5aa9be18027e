import Foundation
import TestSupport

/// What the load program saw.
struct LoadReport: Decodable {
    let gets: Int
    let getFailed: Int
    /// The first twenty, each with its time.
    let getFailures: [String]
    let posts: Int
    let postFailed: Int
    let postFailures: [String]
    /// The ids of the POSTs that were answered 200.
    let postedIdsOk: [Int]
    /// Kept connections that ended after a request was sent and before any byte of the answer.
    let stale: Int
    let stalePosts: Int
    /// Kept connections that ended while idle, though the last response had not said so: failures as well.
    let closedKept: Int
    let connects: Int
    /// Longest time between two answered GETs.
    let maxGapMs: Int
    /// Answered GETs by body and tenth of a second since 1970.
    let buckets: [String: [String: Int]]

    /// What no client can do anything about.
    var failed: Int { getFailed + postFailed + stale + stalePosts }

    /// How many GETs `body` answered between two times.
    func count(_ body: String, from: Double, to: Double) -> Int {
        (buckets[body] ?? [:]).reduce(0) { sum, bucket in
            let time = (Double(bucket.key) ?? 0) / 10
            return sum + (time >= from && time < to ? bucket.value : 0)
        }
    }

    /// The part of all answered GETs that `body` answered between two times.
    func share(_ body: String, from: Double, to: Double) -> Double {
        let all = buckets.keys.reduce(0) { $0 + count($1, from: from, to: to) }
        return all == 0 ? 0 : Double(count(body, from: from, to: to)) / Double(all)
    }

    /// The first tenth of a second not before `start` in which `body` answered.
    func firstSeen(_ body: String, after start: Double) -> Double? {
        (buckets[body] ?? [:]).keys.compactMap { Double($0).map { $0 / 10 } }.filter { $0 >= start }.min()
    }
}

/// The load program while it runs; it ends with the object at the latest.
final class LoadProcess {
    private let program: Program
    private let directory: TemporaryDirectory
    private var input: Int32

    /// Starts and waits until it has had answers.
    /// - Parameters:
    ///   - pauseMs: between two requests of a thread.
    ///   - fresh: how many threads make a connection for each request.
    init(
        _ port: UInt16, in directory: TemporaryDirectory, threads: Int = 8, pauseMs: Int = 4, fresh: Int = 0
    ) throws {
        self.directory = directory
        let path = directory.path
        try directory.write(LoadScript.text, to: "load.py")
        unlink(path + "/load.json")
        unlink(path + "/load.json.live")
        unlink(path + "/load.input")
        guard mkfifo(path + "/load.input", 0o600) == 0 else { throw HarnessError.call("mkfifo") }
        // Open for both ways, so that neither end waits for the other.
        input = open(path + "/load.input", O_RDWR | O_CLOEXEC)
        program = try Program(
            "sh",
            [
                "-c",
                "exec python3 load.py \(port) \(threads) 24 load.json \(pauseMs) \(fresh) < load.input"
                    .replacingOccurrences(of: "load.", with: path + "/load."),
            ], in: directory, name: "load")
        guard waitUntil(Deadline(in: 10), { (live?.gets ?? 0) > 50 }) else {
            throw HarnessError("the load does not run: \(program.errors) \(live?.getFailures ?? [])")
        }
    }

    deinit { close(input) }

    /// What it has seen so far, a tenth of a second old.
    var live: LoadReport? { report("load.json.live") }

    /// Ends it.
    func finish() throws -> LoadReport {
        close(input)
        input = -1
        guard program.waitForEnd(within: 12) == .exited(0), let report = report("load.json") else {
            throw HarnessError("the load ended badly: \(program.errors)")
        }
        return report
    }

    private func report(_ name: String) -> LoadReport? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(LoadReport.self, from: Data(directory.read(name).utf8))
    }
}
