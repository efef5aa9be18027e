internal import Net
internal import Sharing

/// `master_process off`: the only process keeps in mind itself how the service does.
extension Worker {
    func takeSample() {
        shared.sample(clock)
        timers.set(ownTimers.sampling, deadlineMs: clock.nowMs + ServiceRecord.sampleMs)
    }
}
