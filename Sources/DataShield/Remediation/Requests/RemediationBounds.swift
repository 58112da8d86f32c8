extension RemediationRoutes.BulkOrder: BoundedFields {
    static let bounds: [String: FieldBound] = ["ids": .items(1...Remediation.bulkLimit)]
}

extension RemediationRoutes.Protection: BoundedFields {
    static let bounds: [String: FieldBound] = ["email": .email, "reason": .length(1...EmployeeText.maximum)]
}

extension LogQuery: BoundedFields {
    static let bounds: [String: FieldBound] = ["performedBy": .length(0...200), "from": .moment, "to": .moment]
}

extension RemediationSettingsChange: BoundedFields {
    package static let bounds: [String: FieldBound] = [
        "capPeople": .integer(1...100_000), "capPercent": .number(above: 0, atMost: 100), "windowHours": .integer(1...744),
        "policies": .items(0...RemediationSettings.policyLimit),
    ]
}
