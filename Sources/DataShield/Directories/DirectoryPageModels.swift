import Foundation

/// The directories, `directories/list`.
struct DirectoryListModel: Sendable {
    var cards: [Card]
    var hasCards: Bool
    var mayConnect: Bool

    struct Card: Sendable {
        var id: String
        var url: String
        var name: String
        var type: String
        var status: Badge
        var error: String?
        var warnings: [Line]
        var people: String
        var lastSync: String
        var interval: String
        var lastRun: Link?
        var isSyncing: Bool
        /// Whether we ask it: SCIM asks us.
        var isAsked: Bool
    }
}

/// A line of text in a list.
struct Line: Sendable, Hashable {
    var text: String
}

/// A link with its words.
struct Link: Sendable, Hashable {
    var url: String
    var text: String
}

/// The kinds to choose from, `directories/choose`.
struct DirectoryChoiceModel: Sendable {
    var kinds: [Kind]

    struct Kind: Sendable {
        var url: String
        var name: String
        var about: String
    }
}

/// The form of a new directory or of another one's settings, `directories/form`.
struct DirectoryFormModel: Sendable {
    var heading: String
    /// What the directory is called.
    var directory: String
    var crumb: String
    var about: String
    var action: String
    var steps: [Line]
    var hasSteps: Bool
    var formError: String?
    var nameField: FormField
    var fields: [FormField]
    var choices: [Choice]
    var interval: Choice?
    /// What was typed, sealed, so that secrets need not be typed again after a test.
    var draft: String?
    var trial: DirectoryTrialModel?
    var isNew: Bool
    /// Whether it can be tried: what pushes to us cannot.
    var isAsked: Bool
    var submit: String
    var cancelURL: String
}

/// What a test showed.
struct DirectoryTrialModel: Sendable {
    var heading: String
    var warnings: [Line]
    var rows: [Row]
    var hasRows: Bool

    struct Row: Sendable {
        var name: String
        var email: String
        var department: String
        var title: String
        var state: Badge
        var mfa: String
    }

    init(_ trial: Directories.Trial) {
        heading =
            trial.userCount.map { "It works: \(Format.count($0, "person", "people")) can be read" } ?? "It works: people can be read"
        warnings = trial.warnings.map { Line(text: $0) }
        rows = trial.sample.map { person in
            Row(
                name: PersonName.of(first: person.firstName ?? "", last: person.lastName ?? "", email: person.email ?? "No name"),
                email: person.email ?? "none", department: person.department ?? "", title: person.title ?? "",
                state: person.isActive ? Badge("Active", .good, icon: "check-circle") : Badge("Disabled", .neutral, icon: "ban"),
                mfa: person.mfaEnabled.map { $0 ? "Yes" : "No" } ?? "Unknown")
        }
        hasRows = !rows.isEmpty
    }
}

/// One directory, `directories/show`.
struct DirectoryModel: Sendable {
    var id: String
    var url: String
    var name: String
    var type: String
    var status: Badge
    var error: String?
    var warnings: [Line]
    var facts: [Fact]
    var mayConnect: Bool
    var isAsked: Bool
    var isSyncing: Bool
    /// The last sync was refused because too many would go: an administrator may accept that.
    var mayAccept: Bool
    var rows: [SyncRowModel]
    var hasRuns: Bool
    var pager: Pager?
    var push: SCIMModel?
}

/// How a directory pushes to us.
struct SCIMModel: Sendable {
    var endpoint: String
    /// Shown once, right after it was made.
    var token: String?
    /// Whether there are two tokens: then one is taken back before another is made.
    var hasFormer: Bool
    /// What it has pushed.
    var facts: [Fact]
    var skipped: Skipped?
    /// The calls that were refused, the last one first.
    var refused: [Call]
    var hasRefused: Bool
    var refusedNote: String
    /// The names in calls that were done which no attribute has, the last one first.
    var passedOver: [Call]
    var hasPassedOver: Bool
    var passedOverNote: String

    struct Call: Sendable {
        var time: String
        var call: String
        var status: Badge
        var reason: String
        /// Only where it came more than once.
        var times: String?

        init(_ refusal: SCIMRefusal, _ clock: PageClock) {
            time = clock.dateTime(refusal.lastAt)
            call = refusal.method == SCIMRefusals.Call.several ? "Calls of any kind" : "\(refusal.method) \(refusal.path)"
            status =
                switch refusal.status {
                case ..<300: Badge("Done in part", .low, icon: "info")
                case 500...: Badge(String(refusal.status), .high, icon: "warning")
                default: Badge(String(refusal.status), .medium, icon: "warning")
                }
            reason = refusal.reason
            times = refusal.times > 1 ? "\(Format.count(refusal.times)) times since \(clock.dateTime(refusal.firstAt))" : nil
        }
    }

    /// Those who could not be taken.
    struct Skipped: Sendable {
        var note: String
        var rows: [Row]
    }

    struct Row: Sendable {
        var userName: String
        var address: String
        var reason: String
        var since: String
    }
}

/// One line of the history of syncs.
struct SyncRowModel: Sendable {
    var url: String
    var started: String
    var directory: String
    var status: Badge
    var by: String
    var kind: String
    var listed: String
    var added: String
    var changed: String
    var deactivated: String
    var reactivated: String
    var skipped: String

    init(_ run: SyncRunResponse, directory: String = "", _ clock: PageClock) {
        url = "/directories/jobs/\(run.id)"
        started = clock.dateTime(run.startedAt ?? run.createdAt)
        self.directory = directory
        status = run.badge
        by = run.trigger.label
        kind = run.isFull ? "Everybody" : "Changes"
        listed = Format.count(run.listed)
        added = Format.count(run.added)
        changed = Format.count(run.changed)
        deactivated = Format.count(run.deactivated)
        reactivated = Format.count(run.reactivated)
        skipped = Format.count(run.skipped)
    }
}

/// All syncs, `directories/jobs`.
struct SyncListModel: Sendable {
    var rows: [SyncRowModel]
    var hasRows: Bool
    var pager: Pager?
}

/// One sync, `directories/job`.
struct SyncModel: Sendable {
    var id: String
    var url: String
    var directory: String
    var directoryURL: String
    var started: String
    var isRunning: Bool
    var status: Badge
    var progressText: String
    var tiles: [Tile]
    var error: String?
    var warnings: [Line]
    var facts: [Fact]
    var groups: [Group]

    struct Tile: Sendable {
        var field: String
        var label: String
        var value: String
    }

    /// People to whom the same happened.
    struct Group: Sendable {
        var id: String
        var heading: String
        var note: String
        var column: String
        var rows: [Row]
    }

    struct Row: Sendable {
        var name: String
        var url: String?
        var detail: String
    }

    init(_ run: SyncRunResponse, _ samples: SyncSamples, directory: String, _ clock: PageClock) {
        id = run.id.rawValue
        url = "/directories/jobs/\(run.id)"
        self.directory = directory
        directoryURL = "/directories/\(run.connectionId)"
        started = clock.dateTime(run.startedAt ?? run.createdAt)
        isRunning = !run.status.isFinished
        status = run.badge
        progressText = "\(Format.count(run.listed, "person", "people")) read"
        tiles = [
            Tile(field: "added", label: "Added", value: Format.count(run.added)),
            Tile(field: "changed", label: "Changed", value: Format.count(run.changed)),
            Tile(field: "deactivated", label: "Deactivated", value: Format.count(run.deactivated)),
            Tile(field: "reactivated", label: "Reactivated", value: Format.count(run.reactivated)),
            Tile(field: "skipped", label: "Skipped", value: Format.count(run.skipped)),
        ]
        error = run.lastError
        warnings = run.warnings.map { Line(text: $0) }
        facts = [
            Fact("Started", run.startedAt.map(clock.dateTime) ?? "Waiting to start"), Fact("By", run.trigger.label),
            Fact("Listed", run.isFull ? "Everybody" : "What has changed since the last sync"),
            Fact("Attempts", "\(run.attempts) of \(run.maxAttempts)"),
            Fact("Next attempt", run.runAfter.map(clock.dateTime) ?? "none"), Fact("Ended", run.finishedAt.map(clock.dateTime) ?? "Not yet"),
            Fact("Unchanged", Format.count(run.unchanged, "person", "people")),
        ]
        groups = [
            Self.group("added", "Added", run.added, samples.added), Self.group("changed", "Changed", run.changed, samples.changed),
            Self.group("deactivated", "Deactivated", run.deactivated, samples.deactivated),
            Self.group("reactivated", "Reactivated", run.reactivated, samples.reactivated),
            samples.skipped.isEmpty
                ? nil
                : Group(
                    id: "skipped", heading: "Skipped", note: Self.note(run.skipped, samples.skipped.count), column: "Why",
                    rows: samples.skipped.map { Row(name: $0.externalId, detail: $0.reason) }),
        ].compactMap { $0 }
    }

    private static func group(_ id: String, _ heading: String, _ count: Int, _ people: [SyncSamples.Person]) -> Group? {
        guard !people.isEmpty else { return nil }
        return Group(
            id: id, heading: heading, note: note(count, people.count), column: id == "changed" || id == "reactivated" ? "What" : "",
            rows: people.map { person in
                Row(name: person.email, url: "/employees/\(person.id)", detail: (person.fields ?? []).map(words).joined(separator: ", "))
            })
    }

    private static func note(_ count: Int, _ shown: Int) -> String {
        count > shown ? "the first \(shown) of \(Format.count(count))" : Format.count(count, "person", "people")
    }

    private static func words(_ field: String) -> String {
        switch field {
        case "firstName": "first name"
        case "lastName": "last name"
        case "mfaEnabled": "multi-factor authentication"
        case "passwordChangedAt": "password changed"
        case "sessionsValidFrom": "sessions revoked"
        case "directory": "linked to this directory"
        case "deactivatedAt": "back"
        case "addresses": "further addresses"
        default: field
        }
    }
}

extension SyncRunResponse {
    /// Waiting for another attempt is not simply waiting.
    var badge: Badge {
        if status == .pending, runAfter != nil { return Badge("Trying again", .medium, icon: "refresh") }
        if status == .succeeded, !warnings.isEmpty { return Badge("Done, with warnings", .medium, icon: "warning") }
        return status.badge
    }
}

extension SyncTrigger {
    var label: String {
        switch self {
        case .manual: "A user"
        case .schedule: "The schedule"
        case .command: "A command"
        }
    }
}
