internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy

/// What a worker gives up and takes on before it serves.
enum Privileges {
    /// Limits, affinity, priority and identity of a worker, as the configuration says.
    ///
    /// - Throws: what failed, in nginx's words; the worker must not serve then.
    static func enter(_ main: MainSettings, worker: Int) throws(ConfigError) {
        if let limit = main.workerFileLimit {
            var wanted = rlimit(rlim_cur: rlim_t(limit), rlim_max: rlim_t(limit))
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted)
        }
        if main.workerPriority != 0 {
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(main.workerPriority))
        }
        pin(main, worker)
        if geteuid() == 0 { try change(to: main) }
        _ = portico_prctl(PR_SET_NO_NEW_PRIVS, 1)
        // Keys are in memory: a core file would hold them.
        _ = portico_prctl(PR_SET_DUMPABLE, 0)
        if let directory = main.workingDirectory { _ = chdir(directory) }
    }

    private static func pin(_ main: MainSettings, _ worker: Int) {
        guard let mask = main.cpuMask(forWorker: worker) else { return }
        _ = portico_set_affinity(UInt(mask))
    }

    private static func change(to main: MainSettings) throws(ConfigError) {
        let account: Account
        do throws(UnknownAccount) {
            account = try Account(user: main.user, group: main.group)
        } catch {
            throw ConfigError("\(error.message): there is no such account; set \"user\"")
        }
        guard setgid(account.group) == 0 else {
            throw ConfigError("setgid(\(account.group)) failed \(Errno.current.logText)")
        }
        guard initgroups(main.user, account.group) == 0 else {
            throw ConfigError("initgroups(\(main.user), \(account.group)) failed \(Errno.current.logText)")
        }
        if main.bindsTransparently { _ = portico_prctl(PR_SET_KEEPCAPS, 1) }
        guard setuid(account.user) == 0 else {
            throw ConfigError("setuid(\(account.user)) failed \(Errno.current.logText)")
        }
        // As nginx: all that is kept of root's is the right to call from other addresses.
        if main.bindsTransparently, portico_keep_net_raw() != 0 {
            throw ConfigError("capset() failed \(Errno.current.logText)")
        }
    }
}

extension Account {
    /// Who workers become; `nil`: they stay who the master is.
    static func ofWorkers(_ main: MainSettings) -> Account? {
        ProcessID.isSuperuser ? try? Account(user: main.user, group: main.group) : nil
    }
}
