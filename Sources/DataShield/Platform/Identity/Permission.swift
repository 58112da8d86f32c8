/// What a route asks of who calls it. Every route names one.
package enum Permission: String, CaseIterable, Sendable {
    case dashboardRead = "dashboard:read"
    case employeesRead = "employees:read"
    case employeesManage = "employees:manage"
    case employeesScan = "employees:scan"
    case breachesRead = "breaches:read"
    case alertsRead = "alerts:read"
    /// Status, resolution, comments and assignee of an alert.
    case alertsStatus = "alerts:status"
    case scansRead = "scans:read"
    /// Infected machines, and what leak files gave.
    case machinesRead = "machines:read"
    /// What finds an infected machine: its names, addresses, and the malware's id of it.
    case machinesTrace = "machines:trace"
    /// Has leak files read.
    case leaksIngest = "leaks:ingest"
    /// Sees which credentials there are, never the key.
    case credentialsRead = "credentials:read"
    /// Directories and their syncs, without settings.
    case directoryRead = "directory:read"
    case connectorsManage = "connectors:manage"
    /// The log of remediation, its settings, and who is protected.
    case remediationRead = "remediation:read"
    /// Revokes sessions and resets passwords.
    case remediationAct = "remediation:act"
    case companyRead = "company:read"
    /// Company settings: scan cadence, risk weights.
    case policyManage = "policy:manage"
    case usersManage = "users:manage"
    case auditRead = "audit:read"
}
