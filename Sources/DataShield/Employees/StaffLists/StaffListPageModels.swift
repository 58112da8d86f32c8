import Foundation

/// The form for a staff list, `employees/import`.
struct StaffListModel: Sendable {
    var formError: String?
    var limit: String
}

/// What a staff list would do, or did, `employees/preview`.
struct StaffPreviewModel: Sendable {
    var url: String
    var heading: String
    var subtitle: String
    var formError: String?
    var isWritten: Bool
    var isNothing: Bool
    var until: String
    var totals: [Total]
    var notes: [Note]
    var samples: [Sample]
    var hasSamples: Bool
    var samplesNote: String
    var columns: [Column]
    var columnsNote: String
    var tables: [Rows]
    var hasRejected: Bool

    struct Total: Sendable {
        var label: String
        var value: String
    }

    struct Note: Sendable {
        var title: String
        var text: String
    }

    /// One of the first rows.
    struct Sample: Sendable {
        var line: Int
        var action: Badge
        var name: String
        var email: String
        var changes: String
    }

    /// How a column was read.
    struct Column: Sendable {
        var heading: String
        var field: String?
    }

    /// Rows that do not go in.
    struct Rows: Sendable {
        var title: String
        var note: String
        var rows: [Row]
    }

    struct Row: Sendable {
        var line: Int
        var field: String?
        var reason: String
    }

    init(_ preview: StaffPreview, problem: (any FeatureError)?, _ clock: PageClock) {
        let report = preview.report
        let name = preview.fileName.isEmpty ? "The list" : preview.fileName
        url = "/employees/import/\(preview.id)"
        formError = problem?.detail
        isWritten = preview.writtenAt != nil
        isNothing = report.added + report.changed + report.deactivated == 0
        until = clock.dateTime(preview.endsAt)
        heading = isWritten ? "Staff list imported" : "Preview of a staff list"
        subtitle = "\(name): \(Format.count(report.rows, "row", "rows")), \(report.encoding.rawValue)."
        let changed = report.reactivated > 0 ? "Changed or back" : "Changed"
        totals = [
            Total("Added", report.added), Total(changed, report.changed), Total("Deactivated", report.deactivated),
            Total("Unchanged", report.unchanged),
            Total("Left out", report.leftOutCount), Total("Refused", report.rejectedCount),
        ]
        notes = Self.notes(report)
        samples = report.samples.map { Sample($0) }
        hasSamples = !samples.isEmpty
        samplesNote = "at most \(ImportReport.sampled) of each kind"
        columns = report.columns.map { Column(heading: $0.heading, field: Self.words($0)) }
        columnsNote =
            report.headingLine > 1
            ? "The headings are on line \(Format.count(report.headingLine)). Lines above were not read."
            : "The headings are on the first line."
        tables = [
            Rows("Rows not imported", report.rejected, report.rejectedCount),
            Rows("Rows left out", report.leftOut, report.leftOutCount),
        ].filter { !$0.rows.isEmpty }
        hasRejected = !tables.isEmpty
        if !report.contradictions.isEmpty {
            tables.append(Rows("Rows that contradict themselves", report.contradictions, report.contradictionCount))
        }
    }

    private static func notes(_ report: ImportReport) -> [Note] {
        var notes: [Note] = []
        if report.reactivated > 0 {
            notes.append(
                Note(
                    title: "\(Format.count(report.reactivated, "person", "people")) had left and are active in this list",
                    text: "They are scanned and counted again."))
        }
        if report.deactivated > 0 {
            notes.append(
                Note(
                    title: "The list says that \(Format.count(report.deactivated, "person has", "people have")) left",
                    text: "They stay on the list, but are no longer scanned or counted."))
        }
        if !report.unknownStatuses.isEmpty {
            let words = report.unknownStatuses.map { "\($0.word) (\(Format.count($0.rows, "row", "rows")))" }.joined(separator: ", ")
            let others = report.unknownStatusCount - report.unknownStatuses.reduce(0) { $0 + $1.rows }
            let more = others > 0 ? ", and others (\(Format.count(others, "row", "rows")))" : ""
            notes.append(
                Note(
                    title: "Status words that DataShield does not know",
                    text: "\(words)\(more). Unless another column tells, their status is ignored."))
        }
        for reason in ImportReport.PassedOver.Reason.allCases {
            let cells = report.passedOver.filter { $0.reason == reason }
            guard !cells.isEmpty else { continue }
            let about = meaning(reason)
            notes.append(Note(title: about.title, text: "\(cells.map(\.words).joined(separator: "; ")). \(about.text)"))
        }
        let unlisted = report.passedOverCount - report.passedOver.reduce(0) { $0 + $1.rows }
        if unlisted > 0 {
            notes.append(
                Note(
                    title: "More cells were not read",
                    text: "\(Format.count(unlisted, "cell", "cells")) of further columns."))
        }
        if !report.ignoredColumns.isEmpty {
            notes.append(Note(title: "Columns that were not read", text: report.ignoredColumns.joined(separator: ", ")))
        }
        if report.columnCount > report.columns.count {
            notes.append(
                Note(
                    title: "The list has \(Format.count(report.columnCount, "column", "columns"))",
                    text: "Only the first \(Format.count(report.columns.count)) are listed below."))
        }
        if report.duplicateCount > 0 {
            let lines = report.duplicateLines.prefix(20).map { String($0) }.joined(separator: ", ")
            notes.append(
                Note(
                    title: "Addresses that come more than once",
                    text: (report.duplicateCount == 1 ? "Line \(lines) was" : "Lines \(lines)\(report.duplicateCount > 20 ? " and more" : "") were")
                        + " replaced by another line with the same address: the last one that does not say that the person has left."))
        }
        return notes
    }

    private static func meaning(_ reason: ImportReport.PassedOver.Reason) -> (title: String, text: String) {
        switch reason {
        case .notWatched:
            ("Other addresses of people in the list", "They are not watched, unless a directory has them too.")
        case .noAddress: ("Cells that are no address", "The other column counts.")
        case .differs: ("Columns that contradict another one", "The other column counts.")
        case .noHeading: ("Cells without a heading", "They were not read.")
        }
    }

    /// What a column was read as.
    private static func words(_ column: ImportReport.Column) -> String? {
        guard let field = column.field.map(words), let rows = column.rows else { return column.field.map(words) }
        return "\(field), only where it is of the company's domain (\(Format.count(rows, "row", "rows")))"
    }

    /// A field of an employee, as pages call it.
    static func words(_ field: String) -> String {
        switch field {
        case "email": "E-mail"
        case "firstName": "First name"
        case "lastName": "Last name"
        case "name": "Name"
        case "department": "Department"
        case "title": "Title"
        case "externalId": "Staff number"
        case "isVip": "VIP"
        case "mfaEnabled": "Second factor"
        case "isActive": "Employment"
        case "kind": "Kind of account"
        default: field
        }
    }
}

extension StaffPreviewModel.Total {
    fileprivate init(_ label: String, _ count: Int) { self.init(label: label, value: Format.count(count)) }
}

extension StaffPreviewModel.Rows {
    fileprivate init(_ title: String, _ rows: [ImportReport.Rejection], _ count: Int) {
        self.title = title
        note = count > rows.count ? "the first \(rows.count) of \(Format.count(count))" : ""
        self.rows = rows.map { .init(line: $0.line, field: $0.field.map(StaffPreviewModel.words), reason: $0.reason) }
    }
}

extension StaffPreviewModel.Sample {
    fileprivate init(_ sample: ImportReport.Sample) {
        line = sample.line
        name = sample.name
        email = sample.email
        action =
            switch sample.action {
            case .add: Badge("Add", .good, icon: "plus")
            case .change: Badge("Change", .neutral, icon: "edit")
            case .reactivate: Badge("Bring back", .good, icon: "check")
            case .deactivate: Badge("Deactivate", .medium, icon: "ban")
            }
        changes = sample.changes.map { change in
            let after = change.after ?? "nothing"
            return change.before.map { "\(StaffPreviewModel.words(change.field)): \($0) → \(after)" }
                ?? "\(StaffPreviewModel.words(change.field)): \(after)"
        }.joined(separator: "; ")
    }
}
