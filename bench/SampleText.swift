import Core

/// Pages of words between tags, the same ones in each run: a compressor makes about a third of them.
enum SampleText {
    private static let syllables = [
        "an", "ca", "con", "de", "ed", "en", "er", "in", "ing", "is", "lo", "mi", "of", "on", "pro", "re",
        "sh",
        "st", "the", "ti", "to", "un",
    ]

    static func bytes(_ count: Int) -> [UInt8] {
        var chance = SplitMix(seed: 7)
        let words = (0..<1500).map { _ in
            (0..<Int.random(in: 1...4, using: &chance)).map { _ in
                syllables[Int.random(in: 0..<syllables.count, using: &chance)]
            }.joined()
        }
        var text: [UInt8] = []
        while text.count < count {
            text += Array("<div class=\"item-\(Int.random(in: 1...999, using: &chance))\"><p>".utf8)
            for _ in 0..<Int.random(in: 10...60, using: &chance) {
                // As in a language, few words are most of a text.
                let rarest = Int.random(in: 1...words.count, using: &chance)
                text += Array(words[Int.random(in: 0..<rarest, using: &chance)].utf8) + [UInt8(ascii: " ")]
            }
            text += Array("</p></div>\n".utf8)
        }
        return Array(text.prefix(count))
    }
}
