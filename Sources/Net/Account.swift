internal import CLinux
internal import Glibc

/// A user and a group by their numbers.
public struct Account: Sendable {
    /// The user.
    public let user: UInt32
    /// The group.
    public let group: UInt32

    /// Looks names up; without a group name, the group that is called like the user, else the user's own.
    public init(user name: String, group groupName: String?) throws(UnknownAccount) {
        guard let entry = getpwnam(name) else {
            throw UnknownAccount(message: "getpwnam(\"\(name)\") failed")
        }
        user = entry.pointee.pw_uid
        let ownGroup = entry.pointee.pw_gid
        if let groupName {
            guard let found = getgrnam(groupName) else {
                throw UnknownAccount(message: "getgrnam(\"\(groupName)\") failed")
            }
            group = found.pointee.gr_gid
        } else {
            group = getgrnam(name)?.pointee.gr_gid ?? ownGroup
        }
    }
}

/// There is no user, or no group, of that name.
public struct UnknownAccount: Error, Equatable, Sendable {
    /// The call that found none, as nginx says it.
    public let message: String
}
