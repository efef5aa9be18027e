package import Core

/// Writes a JSON value in small steps. What stands high in it is written element by element, what stands
/// deep in one go.
package struct JSONWalk {
    private enum Frame {
        case elements([JSON], next: Int)
        case members([(String, JSON)], next: Int)
    }

    private var frames: [Frame] = []
    private var first: JSON?

    /// An array of servers of one upstream stands here in the whole report; a server is a step.
    private static var depth: Int { 6 }

    /// A walk that has not begun.
    package init(_ json: JSON) { first = json }

    /// Writes a little more.
    ///
    /// - Returns: whether there is still more.
    package mutating func step(_ out: ByteBuffer) -> Bool {
        if let json = first.take() {
            begin(json, out)
            return !frames.isEmpty
        }
        guard let frame = frames.popLast() else { return false }
        switch frame {
        case .elements(let elements, let next) where next < elements.count:
            if next > 0 { out.append(",") }
            frames.append(.elements(elements, next: next + 1))
            begin(elements[next], out)
        case .elements:
            out.append("]")
        case .members(let members, let next) where next < members.count:
            if next > 0 { out.append(",") }
            JSON.string(members[next].0).write(to: out)
            out.append(":")
            frames.append(.members(members, next: next + 1))
            begin(members[next].1, out)
        case .members:
            out.append("}")
        }
        return !frames.isEmpty
    }

    private mutating func begin(_ json: JSON, _ out: ByteBuffer) {
        switch json.resolved {
        case .array(let elements) where frames.count < JSONWalk.depth:
            out.append("[")
            frames.append(.elements(elements, next: 0))
        case .object(let members) where frames.count < JSONWalk.depth:
            out.append("{")
            frames.append(.members(members, next: 0))
        case let value: value.write(to: out)
        }
    }
}
