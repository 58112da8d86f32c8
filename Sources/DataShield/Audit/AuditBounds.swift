extension AuditRoutes.Query: BoundedFields {
    static let bounds: [String: FieldBound] = ["action": .length(0...200), "actor": .length(0...200), "target": .length(0...200)]
}
