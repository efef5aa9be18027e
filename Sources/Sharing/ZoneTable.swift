public import Net

/// What a zone of the configuration keeps in memory of its own, which reloads and new binaries find again.
public protocol ZoneTable: AnyObject {
    /// - Parameters:
    ///   - label: says what it is: two zones that differ in what they keep have different ones.
    ///   - byteCount: what the configuration gives it.
    ///   - descriptor: the memory of another process's table, closed with this one; `nil`: it is new.
    init(label: String, byteCount: Int, adopting descriptor: Int32?) throws(Errno)

    /// What another process needs to share it.
    var descriptor: Int32? { get }
}

/// Memory of tables that a former binary has left and nobody has asked for yet.
package struct LeftTables {
    private var descriptors: [Int: Int32] = [:]

    /// Takes over what is a table's memory; closes what is not.
    package init(_ left: [Int32] = []) {
        for descriptor in left {
            guard let identity = KeySlots.identity(of: descriptor), descriptors[identity] == nil else {
                Socket.close(descriptor)
                continue
            }
            descriptors[identity] = descriptor
        }
    }

    /// What was left under a label; it is the caller's.
    package mutating func take(_ label: String) -> Int32? {
        descriptors.removeValue(forKey: SharedMemory.mark(of: label))
    }

    /// Closes what nobody wants.
    package mutating func close() {
        for descriptor in descriptors.values { Socket.close(descriptor) }
        descriptors = [:]
    }
}
