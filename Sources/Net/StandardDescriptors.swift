internal import Glibc

/// Descriptors 0 to 2.
public enum StandardDescriptors {
    /// Opens those that the parent has closed on `/dev/null`: a socket or a log that became one of them would
    /// get what is meant for standard error, and be closed by whoever leaves the terminal.
    public static func fill() {
        while true {
            let fd = open("/dev/null", O_RDWR)
            if fd > STDERR_FILENO { close(fd) }
            guard fd >= 0, fd < STDERR_FILENO else { return }
        }
    }
}
