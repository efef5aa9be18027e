import Glibc
import Synchronization
import Net
import Testing

@testable import Sharing

/// Processes that are alive, as tests say.
private final class Living: Sendable {
    let processes = Mutex<Set<Int32>>([])

    func isAlive(_ process: Int32) -> Bool { processes.withLock { $0.contains(process) } }
}

private final class Number {
    var value: Int32 = 1
}

/// Several processes that use one table, in one: each with its own view of the memory.
private struct Processes {
    let living = Living()
    private let first: Tenants

    init(capacity: Int) throws {
        self.capacity = capacity
        first = try Tenants(workers: 4, capacities: [capacity])
    }

    let capacity: Int

    func start(_ process: Int32, as worker: Int? = nil) throws -> (tenants: Tenants, table: PlaceTable) {
        living.processes.withLock { _ = $0.insert(process) }
        let tenants = try view({ process })
        tenants.enter(as: worker)
        return (tenants, tenants.table(0))
    }

    /// The memory as a process sees it whose number may change.
    func view(_ current: @escaping () -> Int32) throws -> Tenants {
        let living = living
        let count = Tenants.count(4, [capacity])
        let memory = try SharedMemory(adopting: dup(try #require(first.descriptor)), count: count)
        return Tenants(memory, 4, [capacity], current, { living.isAlive($0) })
    }

    func kill(_ process: Int32) { living.processes.withLock { _ = $0.remove(process) } }
}

@Suite("Places in shared memory") struct PlaceTableTests {
    @Test("a name finds its place again; a place that is used is nobody else's, one that is not is")
    func placesAreReused() throws {
        let (_, table) = try Processes(capacity: 4).start(1)
        var leases = try (0..<4).map { try #require(table.take(named: "n\($0)")) }
        #expect(Set(leases.map(\.place)) == [0, 1, 2, 3])
        #expect(
            table.find(named: "n2") == leases[2].place && table.take(named: "n2")?.place == leases[2].place)
        #expect(table.take(named: "other") == nil && table.find(named: "other") == nil)
        let freed = leases.removeLast().place
        var vacancies: [String] = []
        let lease = table.take(named: "other") { place, vacancy in vacancies.append("\(place) \(vacancy)") }
        #expect(lease?.place == freed && vacancies == ["\(freed) foreign"])
        #expect(table.find(named: "n3") == nil && table.take(named: "n3") == nil)
        withExtendedLifetime((leases, lease)) {}
    }

    @Test("a name that nobody uses keeps its place while there is room, and is told apart")
    func abandonedPlacesStay() throws {
        let (_, table) = try Processes(capacity: 64).start(1)
        let place = table.take(named: "a")?.place
        #expect(place != nil && table.find(named: "a") == place)
        for index in 0..<40 { #expect(table.take(named: "b\(index)") != nil) }
        var vacancies: [String] = []
        let lease = table.take(named: "a") { _, vacancy in vacancies.append("\(vacancy)") }
        #expect(lease?.place == place && vacancies == ["abandoned"])
        // Twice used, and let go of once: still used.
        var second = table.take(named: "a") { _, vacancy in vacancies.append("\(vacancy)") }
        #expect(second?.place == place && vacancies.count == 1)
        second = nil
        for index in 0..<1000 { #expect(table.take(named: "c\(index)")?.place != place) }
        #expect(table.find(named: "a") == place)
        withExtendedLifetime(lease) {}
    }

    @Test("a place is free only when no living process uses it; what a dead one used is free")
    func processes() throws {
        let processes = try Processes(capacity: 1)
        let (first, second) = (try processes.start(1), try processes.start(2))
        var one = first.table.take(named: "a")
        let two = second.table.take(named: "a")
        #expect(one?.place == 0 && two?.place == 0)
        one = nil
        #expect(first.table.take(named: "b") == nil)
        processes.kill(2)
        var isForeign = false
        let third = first.table.take(named: "b") { isForeign = $1 == .foreign }
        #expect(third?.place == 0 && isForeign)
        // Its end is known, or its number is another process's meanwhile.
        let fourth = try processes.start(4)
        #expect(fourth.table.take(named: "c") == nil)
        fourth.tenants.ended(1)
        #expect(fourth.table.take(named: "c") != nil)
        withExtendedLifetime((two, third)) {}
    }

    @Test("what a process inherited over a fork is not its to give back")
    func forks() throws {
        let processes = try Processes(capacity: 2)
        let number = Number()
        processes.living.processes.withLock { $0 = [1, 2] }
        let tenants = try processes.view { number.value }
        tenants.enter()
        let table = tenants.table(0)
        var inherited = table.take(named: "a")
        #expect(inherited != nil)
        // The child, before and after it has a row of its own.
        number.value = 2
        #expect(table.take(named: "b") == nil)
        inherited = nil
        tenants.enter(as: 1)
        #expect(tenants.isServed(worker: 1) && !tenants.isServed(worker: 0))
        let own = table.take(named: "b")
        #expect(own != nil && table.take(named: "c") == nil)
        processes.kill(1)
        #expect(table.take(named: "c") != nil)
        withExtendedLifetime(own) {}
    }

    @Test("any number of names go through a small table, at random, and none is ever mixed up")
    func manyNames() throws {
        let processes = try Processes(capacity: 32)
        let views = try (1...3).map { try processes.start(Int32($0)).table }
        var generator = SystemRandomNumberGenerator()
        var held: [String: [PlaceLease]] = [:]
        for step in 0..<5000 {
            let name = "name \(Int.random(in: 0..<200, using: &generator))"
            if held.values.reduce(0, { $0 + $1.count }) > 20, let any = held.keys.randomElement() {
                held[any] = nil
            }
            guard let lease = views[step % 3].take(named: name) else {
                Issue.record("no room at step \(step)")
                return
            }
            held[name, default: []].append(lease)
            let places = held.values.map { Set($0.map(\.place)) }
            #expect(places.allSatisfy { $0.count == 1 })
            #expect(Set(places.compactMap(\.first)).count == held.count)
            for (name, leases) in held { #expect(views[0].find(named: name) == leases[0].place) }
        }
    }
}
