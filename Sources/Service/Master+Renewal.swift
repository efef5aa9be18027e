internal import Config
internal import Net
internal import Proxy
internal import Sharing

/// Certificates and keys that were renewed are put in the place of the old ones, without a word from anybody;
/// the rest of the configuration stays as it is, whatever its files say meanwhile.
extension Master {
    /// Looks at the files, and takes what has changed and can be used.
    func renewCertificates() {
        // Workers that were told to go (`WINCH`) are not brought back by a certificate.
        guard clock.nowMs >= certificatesDueMs, !isStopping, newBinary == nil,
            children.contains(where: { !$0.isLeaving })
        else { return }
        certificatesDueMs = clock.nowMs + CertificateWatch.intervalMs
        let news = certificates.look(at: configuration.files.secretPaths)
        for path in news.gone {
            log.write(.warn, connection: nil, "\"\(path)\" is missing; what was read from it goes on")
            tell(.certificate, path, "missing")
        }
        guard !news.changed.isEmpty else { return }
        let candidates = news.changed.union(certificates.refused)
        let (next, taken) = renewed(candidates, news.changed)
        certificates.refused = candidates.subtracting(taken)
        guard let next else { return }
        let names = taken.sorted().joined(separator: ", ")
        do {
            try next.prepareDirectories(owner: Account.ofWorkers(next.main)?.user)
            let delivery = try Delivery(next)
            defer { delivery.close() }
            let opened = try sockets.opened(for: next, workers: next.main.workerProcesses)
            take(next, opened, delivery, for: .renewal)
            log.write(.notice, connection: nil, "renewed: \(names)")
            tell(.certificate, names, "renewed")
        } catch {
            certificates.refused = candidates
            refuse(names, error)
        }
    }

    /// The configuration with as many of `candidates` as can be used, and which of them these are: files of
    /// one server keep nobody else's from being renewed.
    private func renewed(_ candidates: Set<String>, _ changed: Set<String>) -> (Configuration?, Set<String>) {
        var best: (Configuration?, Set<String>) = (nil, [])
        do throws(ConfigError) {
            return (try load(renewing: candidates), candidates)
        } catch {
            let groups = configuration.files.groups(of: candidates)
            guard groups.count > 1 else {
                refuse(candidates.sorted().joined(separator: ", "), error)
                return best
            }
            for group in groups {
                do throws(ConfigError) {
                    let paths = best.1.union(group)
                    best = (try load(renewing: paths), paths)
                } catch {
                    // It was said when the others changed.
                    guard !group.isDisjoint(with: changed) else { continue }
                    refuse(group.sorted().joined(separator: ", "), error)
                }
            }
        }
        return best
    }

    private func refuse(_ names: String, _ error: any Error) {
        log.write(
            .error, connection: nil, "\(names) changed and cannot be used: \(error); the old ones go on")
        tell(.certificate, names, "refused", "\(error)")
    }

    private func load(renewing paths: Set<String>) throws(ConfigError) -> Configuration {
        let files = ConfigurationFiles(renewing: paths, of: configuration.files, lasting: lasting)
        let next = try Configuration.load(request, files: files)
        if let path = next.files.expiredCertificate(among: paths) {
            throw ConfigError("the certificate in \"\(path)\" has expired")
        }
        if let name = configuration.nameLost(in: next) {
            throw ConfigError("the new certificate is not for \"\(name)\", which the old one is for")
        }
        return next
    }
}
