/// The company's settings, `settings/show`.
struct SettingsModel: Sendable {
    var formError: String?
    var name: FormField
    var timezoneField: FormField
    var interval: Choice
    /// What becomes of the alert of what is neutralised.
    var neutralised: Choice
    var lastScan: String
    var weights: [Weight]
    var preview: Preview

    /// One of the risk weights.
    struct Weight: Sendable {
        var key: String
        var title: String
        var value: String
        var standard: String
        var hint: String
        var error: String?
    }

    /// How many people are in each level, with the weights that hold and with those in the form.
    struct Preview: Sendable {
        var caption: String
        var rows: [Row]
    }
    struct Row: Sendable {
        var level: Badge
        var before: String
        var after: String
        var change: String
    }
}
