/// Unicode's general categories, for the 256 characters that a byte can be.
enum LatinProperty {
    /// The set of `\p{name}`; `nil` where it is not a category.
    static func set(named name: String) -> ByteSet? {
        switch name.lowercased() {
        case "any": return .all
        case "l&", "lc": return members { ["Lu", "Ll", "Lt"].contains(category($0)) }
        case "xan": return members { ["L", "N"].contains(category($0).prefix(1)) }
        case "xwd": return members { ["L", "N"].contains(category($0).prefix(1)) || $0 == UInt8(ascii: "_") }
        case "xsp", "xps": return ByteSet.horizontalSpace.union(.verticalSpace)
        default: break
        }
        let wanted = name.prefix(1).uppercased() + name.dropFirst().lowercased()
        guard known.contains(wanted) else { return nil }
        return members { category($0).hasPrefix(wanted) }
    }

    private static var known: [String] {
        [
            "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N",
            "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z",
            "Zl", "Zp", "Zs",
        ]
    }

    private static func members(_ isMember: (UInt8) -> Bool) -> ByteSet {
        ByteSet((UInt8.min...UInt8.max).filter(isMember))
    }

    private static func category(_ byte: UInt8) -> String {
        switch Unicode.Scalar(byte).properties.generalCategory {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
