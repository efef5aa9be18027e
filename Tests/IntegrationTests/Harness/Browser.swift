import Foundation
import TestSupport

/// A Chromium without a screen, driven through its debugging pipe: objects of JSON that end with a NUL
/// (https://chromedevtools.github.io/devtools-protocol/).
final class Browser {
    private let program: Program
    private let commands: Int32
    private let answers: Int32
    private var received: [UInt8] = []
    private var lastID = 0
    private var session: String?
    /// What the console, the page's script or the content security policy complained of.
    private(set) var complaints: [String] = []

    /// Starts it with one empty page.
    ///
    /// - Parameter options: more of its own, as `--ignore-certificate-errors`.
    init(in directory: TemporaryDirectory, options: [String] = []) throws {
        // A browser that died is an error of the test, not the end of all tests.
        signal(SIGPIPE, SIG_IGN)
        let (commandsOut, commandsIn) = try Browser.pipe()
        let (answersOut, answersIn) = try Browser.pipe()
        defer {
            close(commandsOut)
            close(answersIn)
        }
        commands = commandsIn
        answers = answersOut
        program = try Program(
            Binary.chromium ?? "chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--user-data-dir=\(directory.path)/browser", "--remote-debugging-pipe",
            ] + options + ["about:blank"], in: directory, name: "chromium",
            descriptors: [commandsOut, answersIn])
        let targets = try ask("Target.getTargets")["targetInfos"] as? [[String: Any]] ?? []
        guard let page = targets.first(where: { $0["type"] as? String == "page" })?["targetId"] else {
            throw HarnessError("chromium has no page")
        }
        session =
            try ask("Target.attachToTarget", ["targetId": page, "flatten": true])["sessionId"] as? String
        for domain in ["Page", "Runtime", "Log", "Accessibility"] { _ = try ask("\(domain).enable") }
    }

    deinit {
        close(commands)
        close(answers)
        program.stop()
    }

    private static func pipe() throws -> (out: Int32, in: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw HarnessError.call("pipe") }
        return (ends[0], ends[1])
    }

    /// Sends a command and waits for its answer.
    @discardableResult
    func ask(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
        lastID += 1
        var command: [String: Any] = ["id": lastID, "method": method, "params": parameters]
        command["sessionId"] = session
        let bytes = try [UInt8](JSONSerialization.data(withJSONObject: command)) + [0]
        guard bytes.withUnsafeBytes({ write(commands, $0.baseAddress, $0.count) }) == bytes.count else {
            throw HarnessError.call("write")
        }
        let deadline = Deadline(in: 30)
        while true {
            let message = try next(deadline)
            guard message["id"] as? Int == lastID else {
                note(message)
                continue
            }
            if let error = message["error"] { throw HarnessError("\(method): \(error)") }
            return message["result"] as? [String: Any] ?? [:]
        }
    }

    private func next(_ deadline: Deadline) throws -> [String: Any] {
        while true {
            if let end = received.firstIndex(of: 0) {
                let data = Data(received[..<end])
                received.removeSubrange(...end)
                return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
            }
            var wanted = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
            guard poll(&wanted, 1, deadline.leftMs) > 0 else { throw HarnessError("chromium is silent") }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = chunk.withUnsafeMutableBytes { read(answers, $0.baseAddress, $0.count) }
            guard count > 0 else { throw HarnessError("chromium ended: \(program.errors)") }
            received += chunk[..<count]
        }
    }

    private func note(_ event: [String: Any]) {
        let parameters = event["params"] as? [String: Any] ?? [:]
        switch event["method"] as? String {
        case "Runtime.exceptionThrown": complaints.append("\(parameters)")
        case "Runtime.consoleAPICalled": complaints.append("\(parameters)")
        case "Log.entryAdded":
            let entry = parameters["entry"] as? [String: Any]
            complaints.append(entry?["text"] as? String ?? "\(parameters)")
        default: break
        }
    }

    // MARK: What a person does

    /// Shows a page on a screen of this width.
    func open(_ url: String, width: Int, isDark: Bool = false) throws {
        try show(width: width, isDark: isDark)
        try ask("Page.navigate", ["url": url])
        guard try waitFor("document.readyState === 'complete' && location.href !== 'about:blank'") else {
            throw HarnessError("\(url) did not load")
        }
    }

    func show(width: Int, isDark: Bool) throws {
        try ask(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600])
        let scheme = ["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]
        try ask("Emulation.setEmulatedMedia", ["features": [scheme]])
    }

    /// Presses and releases the key of a letter, or Enter.
    func press(_ key: String) throws {
        let text = key == "Enter" ? "\r" : key
        let code = key == "Enter" ? 13 : Int(key.uppercased().utf8.first ?? 0)
        let parameters: [String: Any] = ["key": key, "text": text, "windowsVirtualKeyCode": code]
        try ask("Input.dispatchKeyEvent", parameters.merging(["type": "keyDown"]) { $1 })
        try ask("Input.dispatchKeyEvent", parameters.merging(["type": "keyUp"]) { $1 })
    }

    // MARK: What a person sees

    /// The value of an expression of JavaScript.
    func value(_ expression: String) throws -> Any? {
        let answer = try ask("Runtime.evaluate", ["expression": expression, "returnByValue": true])
        if let details = answer["exceptionDetails"] { throw HarnessError("\(expression): \(details)") }
        return (answer["result"] as? [String: Any])?["value"]
    }

    func text(_ expression: String) throws -> String { try value(expression) as? String ?? "" }

    /// Waits until an expression is true.
    func waitFor(_ expression: String, within seconds: Double = 10) throws -> Bool {
        try waitUntil(Deadline(in: seconds)) { try value(expression) as? Bool == true }
    }

    /// What a screen reader is told: role and name of each node.
    func accessibleNodes() throws -> [(role: String, name: String)] {
        let nodes = try ask("Accessibility.getFullAXTree")["nodes"] as? [[String: Any]] ?? []
        return nodes.filter { $0["ignored"] as? Bool != true }.map { node in
            func word(_ key: String) -> String { (node[key] as? [String: Any])?["value"] as? String ?? "" }
            return (word("role"), word("name"))
        }
    }

    /// The whole page as a picture in PNG.
    func screenshot() throws -> Data {
        let answer = try ask("Page.captureScreenshot", ["captureBeyondViewport": true])
        guard let data = Data(base64Encoded: answer["data"] as? String ?? "") else {
            throw HarnessError("no picture")
        }
        return data
    }
}
