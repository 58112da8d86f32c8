/// Scans, `scans/list`.
struct ScanListModel: Sendable {
    var subtitle: String
    var isRunning: Bool
    /// Why a scan could not be started now.
    var problem: String?
    var problemHint: String?
    var running: ScanProgress?
    var rows: [Row]
    var hasRows: Bool
    var pager: Pager?

    struct Row: Sendable {
        var url: String
        var started: String
        var status: Badge
        var by: String
        var scanned: String
        var total: String
        var newRecords: String
        var newAlerts: String
        var errors: String
        var took: String
    }
}

/// One scan, `scans/show`.
struct ScanModel: Sendable {
    var started: String
    var subtitle: String
    var run: ScanProgress
    var facts: [Fact]
}

/// How far a scan is, `scans/progress`.
struct ScanProgress: Sendable {
    var id: String
    var url: String
    var heading: String
    var status: Badge
    var progressText: String
    var leftText: String
    var maximum: String
    var value: String
    var newRecords: String
    var newAlerts: String
    var errors: String
    var error: String?
    var providers: [Provider]
    var isRunning: Bool

    struct Provider: Sendable {
        var id: String
        var name: String
        var requests: String
        var hits: String
        var errors: String
        var left: String
        var problem: String?
    }
}
