@testable import portico_fuzz

/// Configurations broken at random, the same ones on every run.
struct Mutations {
    private var random: FuzzRandom
    private let mutator = Mutator(
        corpus: [Mutations.sample],
        words: [
            "{", "}", ";", "\"", "'", "\\", "$", "${", "#", "\n", "\r\n", " ", ")", "include ", "http",
            "\u{FEFF}", "ä",
        ])

    init(seed: UInt64) { random = FuzzRandom(seed: seed) }

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
    mutating func next() -> [UInt8] { mutator.next(&random) }
}
