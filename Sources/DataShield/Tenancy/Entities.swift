/// The ids of every kind of row, typed by the value they identify.
package typealias CompanyID = Identifier<Company>
package typealias UserID = Identifier<User>
package typealias SessionID = Identifier<Session>
package typealias EmployeeID = Identifier<Employee>
package typealias BreachID = Identifier<Breach>
package typealias BreachRecordID = Identifier<BreachRecord>
package typealias AlertID = Identifier<Alert>
package typealias AlertCommentID = Identifier<AlertComment>
package typealias ScanRunID = Identifier<ScanRun>
package typealias CredentialID = Identifier<Credential>
package typealias LeakFileID = Identifier<LeakFile>
package typealias InfectedMachineID = Identifier<InfectedMachine>
package typealias IngestRunID = Identifier<IngestRun>
package typealias DirectoryConnectionID = Identifier<DirectoryConnection>
package typealias SyncRunID = Identifier<SyncRun>
package typealias SCIMResourceID = Identifier<SCIMResource>
