/// When a block's statement is obeyed.
///
/// Plain settings come first, so that one written after a nested block still reaches into it, as in
/// nginx. Within a stage the written order counts.
public enum Stage: Int, Sendable, CaseIterable {
    /// Changes a value of the block itself.
    case setting
    /// Names something that others refer to: `upstream`, `map`, `log_format`.
    case definition
    /// A block that inherits what stands around it: `server`, `location`, `if`.
    case nested
}
