/// Sign-in, `accounts/sign-in`.
struct SignInModel: Sendable {
    var email: String
    /// Where to go afterwards.
    var next: String
    var formError: String?
}

/// A new password, `accounts/password`.
struct PasswordModel: Sendable {
    /// Whether nothing else can be done before.
    var isForced: Bool
    var current: FormField
    var new: FormField
    var formError: String?
}

/// One's own sessions, `accounts/sessions`.
struct SessionListModel: Sendable {
    var rows: [Row]
    var hasOthers: Bool

    struct Row: Sendable {
        var id: String
        var browser: String
        var ip: String
        var lastSeen: String
        var began: String
        var ends: String
        var isCurrent: Bool
    }
}

/// The users of the company, `users/list`.
struct UserListModel: Sendable {
    var rows: [Row]
    var pager: Pager?
    var formError: String?
    /// A password that was made a moment ago: it is shown once.
    var newPassword: NewPassword?
    var fields: [FormField]
    var role: Choice

    struct NewPassword: Sendable {
        var heading: String
        var password: String
    }

    struct Row: Sendable {
        var url: String
        var initials: String
        var name: String
        var email: String
        var status: Badge
        var lastLogin: String
        var roles: [SelectOption]
        var isDisabled: Bool
        var isSelf: Bool
    }
}
