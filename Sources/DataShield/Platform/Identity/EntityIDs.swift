/// What an id identifies. The names alone matter: they keep an alert's id from being taken for a breach's, without this folder knowing either.
package enum EntityTag {
    package enum Company {}
    package enum User {}
    package enum Session {}
    package enum Employee {}
    package enum Breach {}
    package enum BreachRecord {}
    package enum Alert {}
    package enum AlertComment {}
    package enum ScanRun {}
    package enum Credential {}
    package enum LeakFile {}
    package enum InfectedMachine {}
    package enum IngestRun {}
    package enum DirectoryConnection {}
    package enum SyncRun {}
    package enum SCIMResource {}
    package enum RemediationRequest {}
    package enum RemediationAction {}
}

// The ids of every kind of row.
package typealias CompanyID = Identifier<EntityTag.Company>
package typealias UserID = Identifier<EntityTag.User>
package typealias SessionID = Identifier<EntityTag.Session>
package typealias EmployeeID = Identifier<EntityTag.Employee>
package typealias BreachID = Identifier<EntityTag.Breach>
package typealias BreachRecordID = Identifier<EntityTag.BreachRecord>
package typealias AlertID = Identifier<EntityTag.Alert>
package typealias AlertCommentID = Identifier<EntityTag.AlertComment>
package typealias ScanRunID = Identifier<EntityTag.ScanRun>
package typealias CredentialID = Identifier<EntityTag.Credential>
package typealias LeakFileID = Identifier<EntityTag.LeakFile>
package typealias InfectedMachineID = Identifier<EntityTag.InfectedMachine>
package typealias IngestRunID = Identifier<EntityTag.IngestRun>
package typealias DirectoryConnectionID = Identifier<EntityTag.DirectoryConnection>
package typealias SyncRunID = Identifier<EntityTag.SyncRun>
package typealias SCIMResourceID = Identifier<EntityTag.SCIMResource>
package typealias RemediationRequestID = Identifier<EntityTag.RemediationRequest>
package typealias RemediationActionID = Identifier<EntityTag.RemediationAction>
