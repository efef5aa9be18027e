import Net

/// `portico-bench gateway`: a server that answers every request alike, so that what is measured is in front.
enum GatewayCommand {
    struct Options {
        var port: UInt16 = 0
        var size = 6
        /// What paths that begin with `/large` are answered with.
        var largeSize = 1 << 20
        var delayMs = 0
        /// Requests that are answered at one time, after the delay; others wait for them. 0: all.
        var places = 0
        var isChunked = false
        /// The content is a text that can be compressed, not the same letter again and again.
        var isText = false
        /// HTTP/2 is spoken, and requests are answered as gRPC calls are.
        var speaksGRPC = false
        /// Of a hundred requests, how many are answered with 500.
        var errorPercent = 0
    }

    static var help: String {
        """
        portico-bench gateway --port N [--size BYTES] [--large BYTES] [--delay TIME] [--chunked] [--text]
                              [--errors PERCENT] [--places N] | [--grpc]

        Answers every request on 127.0.0.1 with the same content, until it is told to stop; but for paths
        that begin with /large, whose answer has the size of --large (1 MiB). With --text it is a text that
        can be compressed, not the same letter all over. With --places so many requests
        are worked on at one time, for the --delay, and others wait for them. With --grpc it speaks HTTP/2 in
        cleartext, and answers as a gRPC server does: with one message of --size bytes, and grpc-status 0.
        """
    }

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") {
            Output.print(help)
            return 0
        }
        do {
            let options = try parse(words)
            try CannedGateway(options, try GatewayBoard()).run()
            return 0
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }

    /// - Parameter port: where it listens unless the words say otherwise.
    static func parse(_ words: [String], port: UInt16 = 0) throws(LoadOptions.Complaint) -> Options {
        var options = Options()
        options.port = port
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--chunked":
                options.isChunked = true
                continue
            case "--text":
                options.isText = true
                continue
            case "--grpc":
                options.speaksGRPC = true
                continue
            default: break
            }
            guard let value = rest.popFirst() else {
                throw LoadOptions.Complaint(text: "\(word) needs a value")
            }
            switch word {
            case "--port": options.port = UInt16(value) ?? 0
            case "--size": options.size = max(0, Int(value) ?? 0)
            case "--large": options.largeSize = max(0, Int(value) ?? 0)
            case "--delay": options.delayMs = Int(try LoadOptions.time(word, value) / 1000)
            case "--places": options.places = max(0, Int(value) ?? 0)
            case "--errors": options.errorPercent = Int(value) ?? 0
            default: throw LoadOptions.Complaint(text: "there is no option \(word)")
            }
        }
        guard options.port > 0 else { throw LoadOptions.Complaint(text: "--port is missing") }
        return options
    }
}
