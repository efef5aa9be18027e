internal import Config
internal import Net
internal import Proxy

/// `-s status` and `top`: what the service does, for whoever may use its control socket.
extension Program {
    private static var statusTarget: String { "/status/text" }

    private func connection(_ options: CommandLineOptions) -> ControlConnection? {
        Configuration.controlPath(loadRequest(options)).map { ControlConnection(path: $0) }
    }

    private func failNoSocket() -> Int32 {
        fail(
            "there is no \"control_socket\" in the configuration: add \"control_socket on;\" before \"http\"")
    }

    /// Prints it once.
    func printStatus(_ options: CommandLineOptions) -> Int32 {
        guard let connection = connection(options) else { return failNoSocket() }
        do throws(Errno) {
            let answer = try connection.ask("GET", Program.statusTarget)
            guard answer.status == 200 else { return fail("the service answered \(answer.status)") }
            standardOutput(answer.body)
            return 0
        } catch {
            return fail("\"\(connection.path)\" does not answer \(error.logText)")
        }
    }

    /// Shows it until told to quit.
    func top(_ options: CommandLineOptions) -> Int32 {
        guard let connection = connection(options) else { return failNoSocket() }
        guard let signals = try? SignalDescriptor(Signal.obeyedByLoops) else { return fail("no signals") }
        guard let terminal = Terminal() else {
            return fail("\"top\" wants a terminal; \"-s status\" prints once")
        }
        defer { terminal.restore() }
        var screen = TopScreen()
        let clock = Clock()
        var dueMs = clock.nowMs
        while true {
            clock.update()
            if clock.nowMs >= dueMs {
                refresh(&screen, connection)
                clock.update()
                dueMs = clock.nowMs + 1000
            }
            let size = terminal.size
            terminal.show(screen.drawing(lines: size.lines, columns: size.columns))
            switch terminal.next(timeoutMs: Int32(clamping: max(0, dueMs - clock.nowMs)), signals: signals) {
            case .nothing: break
            case .end: return 0
            case .key(let key):
                switch screen.press(key, height: size.lines) {
                case .none: break
                case .refresh: dueMs = clock.nowMs
                case .quit: return 0
                case .drain(let upstream, let server, let begins):
                    screen.message = drain(connection, upstream, server, begins: begins)
                    dueMs = clock.nowMs
                }
            }
        }
    }

    private func refresh(_ screen: inout TopScreen, _ connection: ControlConnection) {
        do throws(Errno) {
            let answer = try connection.ask("GET", Program.statusTarget + screen.query)
            guard answer.status == 200 else {
                return screen.message = "the service answered \(answer.status)"
            }
            screen.lines = answer.body.split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
        } catch {
            screen.message = "no answer \(error.logText): what is shown is old"
        }
    }

    /// - Returns: what came of it.
    private func drain(
        _ connection: ControlConnection, _ upstream: String, _ server: String, begins: Bool
    ) -> String {
        let path = "/api/9/http/upstreams/\(ControlConnection.encoded(upstream))/servers"
        do throws(Errno) {
            let list = try connection.ask("GET", path)
            guard list.status == 200, let id = ControlConnection.id(of: server, in: list.body) else {
                return "there is no server \(server) in upstream \(upstream)"
            }
            let answer = try connection.ask("PATCH", "\(path)/\(id)", body: "{\"drain\":\(begins)}")
            return answer.status == 200
                ? "\(server) of \(upstream) \(begins ? "drains" : "serves again")"
                : "refused: \(answer.body.prefix(200))"
        } catch {
            return "no answer \(error.logText)"
        }
    }
}
