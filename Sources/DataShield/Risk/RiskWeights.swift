import JSON

/// How much each component of an employee's score can add.
package struct RiskWeights: Sendable, Hashable, Codable {
    package var session = 30.0
    package var recency = 25.0
    package var criticalData = 20.0
    package var domainMatch = 15.0
    package var openAlerts = 10.0
    package var breaches = 10.0

    package static let standard = RiskWeights()

    package init() {}

    /// The component names, as a company's override has them.
    package static let keys = ["session", "recency", "criticalData", "domainMatch", "openAlerts", "breaches"]

    /// The standard weights with a company's own, key by key: known keys with finite numbers that are not negative; all else is passed over.
    package init(override: JSONValue?) {
        guard case .object(let members)? = override else { return }
        for key in Self.keys {
            guard let number = members[key].flatMap(Self.number) else { continue }
            self[key] = number
        }
    }

    /// The standard weights with others for some keys, as a company's settings have them.
    package init(own: [String: Double]?) {
        self.init(override: own.map { JSONValue.object($0.mapValues { .number($0) }) })
    }

    /// What is wrong with weights that somebody gives, key by key.
    package static func faults(in weights: [String: Double]) -> [FieldError] {
        weights.sorted { $0.key < $1.key }.compactMap { key, weight in
            if !keys.contains(key) {
                return FieldError(field: Schema.join("riskWeights", key), message: "is not known. Known weights: \(keys.joined(separator: ", ")).")
            }
            guard weight.isFinite, weight >= 0 else {
                return FieldError(field: "riskWeights.\(key)", message: "must be a number that is not negative.")
            }
            return nil
        }
    }

    private static func number(_ value: JSONValue) -> Double? {
        let number: Double? =
            switch value {
            case .integer(let value): Double(value)
            case .number(let value): value
            case .null, .bool, .string, .array, .object: nil
            }
        guard let number, number.isFinite, number >= 0 else { return nil }
        return number
    }

    /// The weight of a component by its name; unknown names have none.
    package subscript(key: String) -> Double {
        get {
            switch key {
            case "session": session
            case "recency": recency
            case "criticalData": criticalData
            case "domainMatch": domainMatch
            case "openAlerts": openAlerts
            case "breaches": breaches
            default: 0
            }
        }
        set {
            switch key {
            case "session": session = newValue
            case "recency": recency = newValue
            case "criticalData": criticalData = newValue
            case "domainMatch": domainMatch = newValue
            case "openAlerts": openAlerts = newValue
            case "breaches": breaches = newValue
            default: break
            }
        }
    }
}
