@testable import Proxy

/// What may happen to a client's session, whatever protocol it speaks.
enum SessionEvent: String, CaseIterable {
    case ready, readTimer, writeTimer, posted, snapshotChanged, drain, timeIsUp, giveWay, close

    func happen(to session: some PlayedSession) {
        switch self {
        case .ready: session.ready()
        case .readTimer: session.timedOut(.read)
        case .writeTimer: session.timedOut(.write)
        case .posted: session.runPosted()
        case .snapshotChanged: session.snapshotChanged()
        case .drain: session.drain()
        case .timeIsUp: session.timeIsUp()
        case .giveWay: _ = session.giveWay()
        case .close: session.close()
        }
    }
}

/// What a test tells a session that has happened.
protocol PlayedSession {
    func ready()
    func timedOut(_ kind: Session.TimerKind)
    func runPosted()
    func snapshotChanged()
    func drain()
    func timeIsUp()
    func giveWay() -> Bool
    func close()
}

extension HTTP1Session: PlayedSession {}
extension HTTP2Session: PlayedSession {}
