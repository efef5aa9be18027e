internal import Config
internal import Core

extension LogFormat {
    /// Appends the line for `exchange`, without its line feed.
    func append(for exchange: Exchange, to line: ByteBuffer) {
        for part in template.parts {
            let start = line.count
            switch part {
            case .literal(let bytes):
                line.append(bytes)
                continue
            case .variable(let variable):
                guard Variables.append(variable, of: exchange, to: line) else {
                    escape.appendMissing(to: line)
                    continue
                }
            case .capture(let index):
                exchange.appendCapture(index, to: line)
            }
            escapeTail(of: line, from: start, exchange)
        }
    }

    private func escapeTail(of line: ByteBuffer, from start: Int, _ exchange: Exchange) {
        guard line.count > start, !escape.isClean(line, from: start) else { return }
        let scratch = exchange.worker.takeScratch()
        escape.escapeTail(of: line, from: start, using: scratch)
        exchange.worker.giveScratch(scratch)
    }
}
