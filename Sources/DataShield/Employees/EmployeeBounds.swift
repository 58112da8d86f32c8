extension EmployeeCreation: BoundedFields {
    package static let bounds: [String: FieldBound] = EmployeeText.bounds
}

extension EmployeeChange: BoundedFields {
    package static let bounds: [String: FieldBound] = EmployeeText.bounds
}

extension EmployeeListQuery: BoundedFields {
    package static let bounds: [String: FieldBound] = ["q": .length(0...200), "department": .length(0...EmployeeText.maximum)]
}

extension EmployeeText {
    fileprivate static let bounds: [String: FieldBound] = [
        "email": .email, "firstName": .length(0...maximum), "lastName": .length(0...maximum), "department": .length(0...maximum),
        "title": .length(0...maximum), "externalId": .length(0...maximum),
    ]
}
