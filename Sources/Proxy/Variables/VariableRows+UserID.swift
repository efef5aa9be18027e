internal import Core

/// Variables of `userid`.
extension Variables {
    static var userIDRows: [VariableRow] {
        [
            VariableRow("uid_got", "The client's cookie of `userid`: its name and its number.") {
                $0.append($0.gotUserID, to: $1)
            },
            VariableRow("uid_set", "The cookie of `userid` that the client is given.") {
                $0.append($0.givenUserID, to: $1)
            },
            .always("uid_reset", "Set to other than empty and `0`, it makes the client's cookie void.") {
                _, _ in
            },
        ]
    }
}
