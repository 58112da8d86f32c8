extension CredentialRoutes.NewCredential: BoundedFields {
    static let bounds: [String: FieldBound] = ["label": .length(0...100), "key": .length(8...512)]
}
