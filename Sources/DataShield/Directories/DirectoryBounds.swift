extension DirectoryRoutes.NewDirectory: BoundedFields {
    static let bounds: [String: FieldBound] = [
        "name": .length(0...100), "autoSyncIntervalMinutes": .integer(5...10_080), "config": .values(DirectoryConfiguration.longest),
    ]
}

extension DirectoryRoutes.DirectoryChange: BoundedFields {
    static let bounds: [String: FieldBound] = [
        "name": .length(0...100), "autoSyncIntervalMinutes": .integer(0...10_080), "config": .values(DirectoryConfiguration.longest),
    ]
}

extension DirectoryRoutes.Preview: BoundedFields {
    static let bounds: [String: FieldBound] = [
        "type": .words(DirectoryRegistry.all.map { $0.kind.type.rawValue }), "config": .values(DirectoryConfiguration.longest),
    ]
}
