import Core
import TestSupport

/// Configurations broken at random, the same ones on every run.
struct Mutations {
    private var numbers: SplitMix
    private static let pieces: [[UInt8]] =
        [
            "{", "}", ";", "\"", "'", "\\", "$", "${", "#", "\n", "\r\n", " ", ")", "include ", "http",
            "\u{FEFF}", "ä",
        ].map { Array($0.utf8) } + [[0], [0xFF]]

    init(seed: UInt64) { numbers = SplitMix(seed: seed) }

    static let sample = Array(
        """
        # sample
        worker_processes 1; daemon on;
        events { }
        http {
            client_max_body_size 10m; root '/a b'; # why
            map $uri $x { default "a\\"b"; ~^/(.*)$ ${uri}x; }
            upstream u { server 127.0.0.1:1; }
            server {
                client_body_timeout "1h 30m";
                location / { root /x; return 200 "ok $uri\\n"; }
                location ~ \\.php$ { satisfy any; return 404; }
            }
        }

        """.utf8)

    /// The sample with one to four changes.
    mutating func next() -> [UInt8] {
        var bytes = Mutations.sample
        for _ in 0...numbers.next(below: 4) where !bytes.isEmpty {
            let at = numbers.next(below: bytes.count)
            switch numbers.next(below: 4) {
            case 0: bytes.remove(at: at)
            case 1:
                bytes.insert(
                    contentsOf: Mutations.pieces[numbers.next(below: Mutations.pieces.count)], at: at)
            case 2:
                bytes.replaceSubrange(
                    at...at, with: Mutations.pieces[numbers.next(below: Mutations.pieces.count)])
            default: bytes.removeSubrange(at..<min(bytes.count, at + numbers.next(below: 40)))
            }
        }
        return bytes
    }
}
