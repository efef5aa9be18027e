internal import Config

/// What must hold between several `proxy_…` directives of a block, in nginx's words.
extension ProxySettings {
    /// - Throws: the first relation that does not hold, at the place where the block was opened.
    func check(_ block: Block) throws(ConfigError) {
        do throws(ConfigError) {
            try checkBuffers()
            try checkRedirects(block)
        } catch {
            throw ConfigError(error.message, at: block.statement?.location)
        }
    }

    private func checkBuffers() throws(ConfigError) {
        guard bufferCount >= 2 else { throw ConfigError("there must be at least 2 \"proxy_buffers\"") }
        let largest = max(bufferSize, bodyBufferSize)
        let maximum = "the maximum of the value of \"proxy_buffer_size\" and one of the \"proxy_buffers\""
        let (twice, doubled) = largest.multipliedReportingOverflow(by: 2)
        let busy = busyBuffersSize ?? (doubled ? Int.max : twice)
        guard busy >= largest else {
            throw ConfigError(
                "\"proxy_busy_buffers_size\" must be equal to or greater than \(maximum)")
        }
        let (total, overflowed) = (bufferCount - 1).multipliedReportingOverflow(by: bodyBufferSize)
        guard overflowed || busy <= total else {
            throw ConfigError(
                "\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\""
                    + " minus one buffer")
        }
        guard maxTempFileSize == 0 || maxTempFileSize >= Int64(largest) else {
            throw ConfigError(
                "\"proxy_max_temp_file_size\" must be equal to zero to disable temporary files usage"
                    + " or must be equal to or greater than \(maximum)")
        }
    }

    private func checkRedirects(_ block: Block) throws(ConfigError) {
        guard redirects.isOwn, case .proxy(let target) = block.settings.content, target.hasVariables else {
            return
        }
        for redirect in redirects.elements {
            guard case .locationDefault = redirect.pattern else { continue }
            throw ConfigError(
                "\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with variables")
        }
    }
}
