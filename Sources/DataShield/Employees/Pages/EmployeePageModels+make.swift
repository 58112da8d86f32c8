import Foundation

extension EmployeeFormModel {
    /// - Parameter employee: whom the form changes; nil for a new person.
    init(_ employee: Employee?, _ form: EmployeePages.EmployeeForm, problem: (any FeatureError)?) {
        let errors = problem?.fields ?? []
        name = employee?.name
        heading = employee.map { "Edit \($0.name)" } ?? "Add a person"
        crumb = employee == nil ? "New" : "Edit"
        backURL = employee.map { "/employees/\($0.id)" }
        action = backURL ?? "/employees"
        cancelURL = backURL ?? "/employees"
        submit = employee == nil ? "Add person" : "Save"
        formError = errors.isEmpty ? problem?.detail : nil
        fields = [
            FormField(
                "email", "E-mail", type: "email", value: form.email, autocomplete: "off", isRequired: true,
                hint: employee == nil ? nil : "Another address is checked anew.", error: errors[field: "email"]),
            FormField("firstName", "First name", value: form.firstName, isOptional: true, error: errors[field: "firstName"]),
            FormField("lastName", "Last name", value: form.lastName, isOptional: true, error: errors[field: "lastName"]),
            FormField("department", "Department", value: form.department, isOptional: true, error: errors[field: "department"]),
            FormField("title", "Title", value: form.title, isOptional: true, error: errors[field: "title"]),
            FormField("externalId", "Staff number", value: form.externalId, isOptional: true, error: errors[field: "externalId"]),
        ]
        mfa = Choice(
            "mfaEnabled", "Second factor", [("", "Unknown"), ("true", "On"), ("false", "Off")], selected: form.mfaEnabled.map { "\($0)" })
        isVip = form.isVip ?? false
        showsActive = employee != nil
        isActive = form.isActive ?? false
    }
}

extension EmployeeModel {
    init(
        _ employee: Employee, score risk: RiskScore, records found: [Breaches.Record], coverage known: [PersonCoverage],
        alerts recent: [AlertListing], credentials leaked: [LeakedCredential], machines: [BreachID: MachineLine], clock: PageClock
    ) {
        url = "/employees/\(employee.id)"
        name = employee.name
        email = employee.email.text
        scoreHeading = risk.score.map { "Why the score is \($0)" } ?? "Why there is no score"
        hasScore = risk.score != nil
        level = risk.level?.badge ?? RiskLevel.notAsked
        if let score = risk.score, let level = risk.level {
            gauge = Charts.gauge(score, level: level.label, tone: level.tone, id: "risk", title: "Risk score")
        } else {
            gauge = ""
        }
        components = found.isEmpty && risk.sum == 0 ? [] : risk.components.map { Component($0) }
        hasComponents = !components.isEmpty
        sumNote = "Together \(SVG.number((risk.sum * 10).rounded() / 10))" + (risk.sum > 100 ? ", and never more than 100." : ", rounded.")
        nextStep = risk.nextStep?.text
        let isAnswered = !known.isEmpty && known.allSatisfy { $0.outcome != .unknown }
        if risk.score == nil {
            // Who was asked may have given no answer.
            let start = known.contains { $0.checkedAt != nil } ? "No source has answered" : "Nobody was asked"
            noScoreNote = "\(start) about this person yet, and no file names them. That is not the same as no risk."
        } else {
            noScoreNote =
                isAnswered
                ? "The score is 0: every source answered, and none found this person."
                : "The score is 0: nothing was found so far. See below which sources have not answered."
        }
        steps = NextSteps.of(
            found.map { .init(dataTypes: $0.record.exposedData, artifacts: $0.record.artifacts, liveness: $0.liveness) }
        ).map(StepRow.init)
        hasSteps = !steps.isEmpty
        records = found.map { Record($0, machines[$0.record.breachId], clock) }
        hasRecords = !records.isEmpty
        recordsNote = hasRecords ? Format.count(records.count, "breach", "breaches") : ""
        noRecordsIcon = isAnswered ? "shield-check" : "question"
        noRecordsTitle = isAnswered ? "In no breach" : "Not known"
        noRecordsText =
            isAnswered
            ? "Every source answered about this address and found nothing."
            : "Not every source has answered about this address, so nobody knows."
        alerts = recent.map { AlertRow($0, clock) }
        hasAlerts = !alerts.isEmpty
        alertsURL = "/alerts?employee=\(employee.id)"
        credentials = leaked.map { CredentialRow($0, clock) }
        hasCredentials = !credentials.isEmpty
        coverage = known.map { Source($0, clock) }
        hasCoverage = !coverage.isEmpty
        facts = Self.facts(employee, clock)
    }

    private static func facts(_ employee: Employee, _ clock: PageClock) -> [Fact] {
        var facts = [Fact("Department", employee.department ?? "None"), Fact("Title", employee.title ?? "Not given")]
        if !employee.aliases.isEmpty { facts.append(Fact("Also watched", employee.aliases.joined(separator: ", "))) }
        if employee.isVip { facts.append(Fact("Standing", "VIP")) }
        facts.append(Fact("Second factor", employee.mfaEnabled.map { $0 ? "On" : "Off" } ?? "Unknown"))
        facts.append(Fact("Status", employee.deactivatedAt.map { "Left on \(clock.day($0)): kept, not scanned" } ?? "Active"))
        if let number = employee.externalId {
            facts.append(Fact(employee.sourceConnectionId == nil ? "Staff number" : "Id in the directory", number))
        }
        facts.append(Fact("Last checked", employee.lastCheckedAt.map(clock.dateTime) ?? "Never"))
        facts.append(Fact("On the list since", clock.day(employee.createdAt)))
        return facts
    }
}

extension EmployeeModel.Component {
    init(_ component: RiskComponent) {
        title = component.title
        reason = component.reason
        points = SVG.number((component.points * 10).rounded() / 10)
        maximum = SVG.number(component.maximum)
        let share = component.maximum > 0 ? component.points / component.maximum : 0
        bar = Charts.bar(share, tone: share >= 0.75 ? .critical : share >= 0.4 ? .high : .accent)
    }
}

extension EmployeeModel.Record {
    init(_ found: Breaches.Record, _ machine: MachineLine?, _ clock: PageClock) {
        url = "/breaches/\(found.record.breachId)"
        breach = found.breach.displayName
        date = clock.breachDay(found.breach.breachDate)
        exposed = DataTag.all(found.record.exposedData)
        artifacts = found.record.artifacts.map(\.label).joined(separator: ", ")
        family = found.record.malwareFamily
        self.machine = machine
        sites = SiteTag.all(found.liveness.sites)
        sources = found.record.sourceNames
        detected = clock.ago(found.record.detectedAt)
        iso = Timestamp.text(found.record.detectedAt)
        liveness = found.liveness.state.badge(found.liveness.certainty)
        livenessText = found.liveness.words
    }
}

extension EmployeeModel.Source {
    init(_ coverage: PersonCoverage, _ clock: PageClock) {
        provider = coverage.provider.displayName
        outcome = coverage.outcome.badge
        when = coverage.checkedAt.map(clock.ago) ?? "not asked"
        reason = coverage.outcome == .unknown ? coverage.reason : nil
    }
}

extension CoverageOutcome {
    package var badge: Badge {
        switch self {
        case .exposed: Badge("Exposed", .high, icon: "warning")
        case .clean: Badge("Clean", .good, icon: "check")
        case .unknown: Badge("Unknown", .neutral, icon: "question")
        }
    }
}
