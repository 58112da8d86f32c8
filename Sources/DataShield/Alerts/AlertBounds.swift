extension AlertListQuery: BoundedFields {
    package static let bounds: [String: FieldBound] = [
        "q": .length(0...200), "assignee": .pattern("^(me|none|c[a-z0-9]{24})$"), "from": .moment, "to": .moment, "toldFrom": .moment,
        "resolvedFrom": .moment, "cameBackFrom": .moment,
    ]
}

extension AlertRoutes.Change: BoundedFields {
    static let bounds: [String: FieldBound] = ["resolution": .length(0...AlertText.maximum)]
}

extension AlertRoutes.BulkChange: BoundedFields {
    static let bounds: [String: FieldBound] = ["ids": .items(1...Alerts.bulkLimit), "resolution": .length(0...AlertText.maximum)]
}

extension AlertRoutes.NewComment: BoundedFields {
    static let bounds: [String: FieldBound] = ["body": .length(1...AlertText.maximum)]
}
