import Config
import Core
import Testing

@testable import Proxy

/// The documented search, with regular expressions and nested locations, one name after the other.
@Suite("Finding a location among expressions and nested ones")
struct LocationModelTests {
    @Test("five hundred random sets: the same as the documented search")
    func sameAsDocumented() throws {
        var random = SplitMix(seed: 1999)
        for _ in 0..<500 {
            let model = LocationModel(&random)
            let configuration = try Loading.server(model.text)
            for _ in 0..<20 {
                let path = LocationModel.path(&random)
                #expect(
                    configuration.label(of: path) == model.find(path), "of \(path) in \(model.text)")
            }
        }
    }
}

extension Configuration {
    /// What the location of a path was labelled with, by its `default_type`.
    fileprivate func label(of path: String) -> String {
        location(of: path)?.settings.core.defaultType.source ?? "none"
    }
}

private struct LocationModel {
    enum Kind: String, CaseIterable {
        case prefix = ""
        case prefixWithoutRegex = "^~"
        case exact = "="
        case regex = "~"
    }

    struct Place {
        let kind: Kind
        let name: String
        let label: String
        var inner: [Place] = []
    }

    private(set) var places: [Place] = []

    static func path(_ random: inout SplitMix) -> String {
        "/"
            + (0..<Int.random(in: 0...5, using: &random)).map { _ in
                ["a", "b", "/", "-"].randomElement(using: &random) ?? ""
            }
            .joined()
    }

    init(_ random: inout SplitMix) {
        places = LocationModel.places(below: "", label: "l", &random)
        for index in places.indices {
            let place = places[index]
            guard place.kind == .prefix || place.kind == .prefixWithoutRegex else { continue }
            places[index].inner = LocationModel.places(below: place.name, label: place.label, &random)
        }
    }

    private static func places(below outer: String, label: String, _ random: inout SplitMix) -> [Place] {
        var places: [Place] = []
        for number in 0..<Int.random(in: 0...5, using: &random) {
            let kind = Kind.allCases.randomElement(using: &random) ?? .prefix
            let path = path(&random)
            let name =
                kind == .regex
                ? String(path.dropFirst()) + "[ab]$" : outer + path.dropFirst(outer.isEmpty ? 0 : 1)
            // One name stands once as an exact location, and once as a prefix with or without `^~`.
            let isTaken = places.contains {
                $0.name == name && $0.kind != .regex && ($0.kind == .exact) == (kind == .exact)
            }
            if kind == .regex || !isTaken {
                places.append(Place(kind: kind, name: name, label: "\(label).\(number)"))
            }
        }
        return places
    }

    var text: String { places.map(LocationModel.text).joined(separator: "\n") }

    private static func text(_ place: Place) -> String {
        "location \(place.kind.rawValue) \(place.name) { default_type \(place.label);\n"
            + place.inner.map(text).joined(separator: "\n") + "}"
    }

    func find(_ path: String) -> String { LocationModel.find(path, in: places)?.label ?? "none" }

    private static func find(_ path: String, in places: [Place]) -> Place? {
        if let exact = places.first(where: { $0.kind == .exact && $0.name == path }) { return exact }
        let prefix =
            places
            .filter { ($0.kind == .prefix || $0.kind == .prefixWithoutRegex) && path.hasPrefix($0.name) }
            .max { $0.name.utf8.count < $1.name.utf8.count }
        var best = prefix
        if let prefix, let inner = find(path, in: prefix.inner) {
            if inner.kind == .exact || inner.kind == .regex { return inner }
            best = inner
        }
        // Only the longest prefix of this very level can keep its expressions away: a nested `^~` does not.
        if prefix?.kind == .prefixWithoutRegex { return best }
        return places.first { $0.kind == .regex && matches(path, $0.name) } ?? best
    }

    /// `text[ab]$`, anywhere in the path.
    private static func matches(_ path: String, _ pattern: String) -> Bool {
        let text = pattern.dropLast(5)
        return path.hasSuffix(text + "a") || path.hasSuffix(text + "b")
    }
}
