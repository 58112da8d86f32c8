extension Users.New: BoundedFields {
    package static let bounds: [String: FieldBound] = ["email": .email, "name": .length(0...200), "password": .bytes(PasswordRules.lengths)]
}

extension Users.Change: BoundedFields {
    package static let bounds: [String: FieldBound] = ["name": .length(0...200), "password": .bytes(PasswordRules.lengths)]
}

extension AccountRoutes.PasswordChange: BoundedFields {
    static let bounds: [String: FieldBound] = ["newPassword": .bytes(PasswordRules.lengths)]
}
