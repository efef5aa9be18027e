/// Names in shared memory.
extension SharedMemory {
    /// What a name is known by: its FNV-1a hash, never 0.
    public static func mark(of name: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(bitPattern: UInt(hash | 1))
    }
}
