import Foundation

/// What the recorder is about to write.
struct RecordingPlan {
    /// What many records have in common: in a batch, a breach exposes most of its people alike.
    struct Content: Hashable {
        var breach: BreachID
        var exposure: Exposure
        var message: String
    }

    struct NewRecord {
        var id: BreachRecordID
        var employee: EmployeeID
        /// The place in ``contents``, from 1.
        var content: Int
    }

    struct NewAlert {
        var id: AlertID
        var employee: EmployeeID
        var content: Int
    }

    /// A record that another source confirmed.
    struct Change {
        var record: BreachRecordID
        var exposure: Exposure
        var alert: AlertID?
        var message: String
        var isRaised: Bool
        /// Whether the alert tells of something that was not known: it is new to policies.
        var isNews: Bool
        /// The alert as it was, when it was RESOLVED and is OPEN again.
        var reopened: AlertAudit?
        /// Whether nobody resolved the alert but the state of the finding: then that says whether it is open again, and tells of it.
        var followsState = false
    }

    private(set) var contents: [Content] = []
    private var numbers: [Content: Int] = [:]
    private(set) var records: [NewRecord] = []
    private(set) var alerts: [NewAlert] = []
    private(set) var changes: [Change] = []
    private(set) var touched: Set<EmployeeID> = []

    var isEmpty: Bool { records.isEmpty && changes.isEmpty }

    var outcome: Recorder.Outcome {
        .init(
            newRecords: records.count, newAlerts: alerts.count, corroborated: changes.count, raised: changes.count { $0.isRaised },
            reopened: changes.count { $0.reopened != nil })
    }

    mutating func add(employee: EmployeeID, breach: BreachStore.Known, exposure: Exposure) {
        let number = number(of: exposure, breach)
        records.append(NewRecord(id: BreachRecordID(), employee: employee, content: number))
        if exposure.raisesAlert { alerts.append(NewAlert(id: AlertID(), employee: employee, content: number)) }
        touched.insert(employee)
    }

    private mutating func number(of exposure: Exposure, _ breach: BreachStore.Known) -> Int {
        // The message follows from the rest, so that it need not be made to find out whether there is one like it.
        let key = Content(breach: breach.id, exposure: exposure, message: "")
        if let number = numbers[key] { return number }
        contents.append(Content(breach: breach.id, exposure: exposure, message: exposure.message(breach: breach.displayName)))
        numbers[key] = contents.count
        return contents.count
    }

    /// Adds a record that changes for another reason than a finding.
    mutating func add(_ change: Change, of employee: EmployeeID) {
        changes.append(change)
        touched.insert(employee)
    }

    /// Adds the records that other sources confirm.
    /// - Parameters:
    ///   - recorded: the records as they are, with their alerts.
    ///   - corroborations: what is said of them now.
    mutating func merge(_ recorded: [RecordStore.Recorded], _ corroborations: [RecordingBatch.Corroboration], batch: RecordingBatch) {
        let records = Dictionary(uniqueKeysWithValues: recorded.map { ($0.id, $0) })
        for corroboration in corroborations {
            guard let record = records[corroboration.record], let breach = batch.breaches[corroboration.place.breach] else { continue }
            var exposure = record.exposure
            for finding in corroboration.findings where !exposure.add(finding, rule: batch.rule) { exposure.take(finding, rule: batch.rule) }
            // Of a spam list nothing is news, also where an alert is older than that flag.
            let isRaised = breach.raisesAlert && record.alert != nil && exposure.severity > record.exposure.severity
            let hasGrown =
                !Set(exposure.artifacts).isSubset(of: record.exposure.artifacts) || !Set(exposure.dataTypes).isSubset(of: record.exposure.dataTypes)
            // What was resolved was resolved as it was known then: something worse, a stealer log, or a credential that was not known
            // to be out is to be looked at anew.
            let isNews =
                isRaised
                || corroboration.findings.contains {
                    $0.raisesAlert && ($0.leak == nil ? $0.source == .stealerLog : corroboration.hasNewCredential)
                }
            let followsState = record.isResolvedAsNeutralised
            changes.append(
                Change(
                    record: record.id, exposure: exposure, alert: record.alert, message: exposure.message(breach: breach.displayName),
                    isRaised: isRaised, isNews: breach.raisesAlert && (isNews || hasGrown) && !followsState,
                    reopened: isNews && !followsState && record.alertState?.status == .resolved ? record.alertState : nil,
                    followsState: followsState))
            if record.alert == nil, exposure.raisesAlert {
                alerts.append(NewAlert(id: AlertID(), employee: corroboration.place.employee, content: number(of: exposure, breach)))
            }
            touched.insert(corroboration.place.employee)
        }
    }
}
