extension BreachRoutes.ListQuery: BoundedFields {
    static let bounds: [String: FieldBound] = ["q": .length(0...200), "dataType": .length(0...200)]
}
