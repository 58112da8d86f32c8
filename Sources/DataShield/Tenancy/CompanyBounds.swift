extension Companies.Change: BoundedFields {
    package static let bounds: [String: FieldBound] = [
        "name": .length(1...200), "scanIntervalMinutes": .integer(5...525_600), "retentionDays": .integer(1...36_500),
        "riskWeights": .weights(RiskWeights.keys),
    ]
}
