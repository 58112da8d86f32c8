import ArgumentParser
import DataShield
import Foundation
import Logging
import Postgres
import PostgresCluster

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks settings, data directory, database, key and clock, and says how to mend what fails.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        var examination = Examination()
        if let settings = examination.check("settings", { try options.read() }) {
            await examination.examine(settings)
        }
        for finding in examination.findings { Output.line(finding) }
        guard !examination.hasFailed else { throw ExitCode(1) }
    }
}

/// What was looked at, and what was found.
private struct Examination {
    private(set) var findings: [String] = []
    private(set) var hasFailed = false

    mutating func note(_ what: String, _ text: String) { findings.append("ok    \(what): \(text)") }

    mutating func fail(_ what: String, _ text: String) {
        hasFailed = true
        findings.append("FAIL  \(what): \(text)")
    }

    /// Runs a check that throws what is wrong.
    mutating func check<R>(_ what: String, _ body: () throws -> R) -> R? {
        do {
            let result = try body()
            note(what, "can be read")
            return result
        } catch {
            fail(what, "\(error)")
            return nil
        }
    }

    mutating func examine(_ settings: Settings) async {
        examineDataDirectory(settings)
        let box = check("encryption key") { try SecretBox.standard(settings) }
        examineUser(settings)
        await examineDatabase(settings, box)
        if settings.publicURL == nil {
            note("public address", "DATASHIELD_PUBLIC_URL is not set, so links and cookies are for \(settings.baseURL)")
        } else if !settings.isHTTPS {
            fail("public address", "DATASHIELD_PUBLIC_URL is not https: sessions could be read on the way. Put a proxy with TLS in front.")
        }
        if settings.smtpURL == nil { note("mail", "SMTP_URL is not set, so nothing is sent by mail") }
    }

    private mutating func examineDataDirectory(_ settings: Settings) {
        let path = settings.dataDirectory.path
        do {
            try FileManager.default.createDirectory(at: settings.dataDirectory, withIntermediateDirectories: true)
        } catch {
            fail("data directory", "\(path) cannot be made. Set DATASHIELD_DATA_DIR to a directory that this user may write.")
            return
        }
        guard FileManager.default.isWritableFile(atPath: path) else {
            fail("data directory", "\(path) cannot be written. Give it to this user, or set DATASHIELD_DATA_DIR to another.")
            return
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)  // try?: what is not known is not reported
        let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value
        if let free, free < 1 << 30 {
            fail("disk", "less than 1 GiB is free where \(path) is. Make room.")
        } else {
            note("data directory", path)
        }
    }

    /// Who the server becomes, when we are root.
    private mutating func examineUser(_ settings: Settings) {
        guard geteuid() == 0 else { return }
        do {
            let account = try ServerAccount(serving: settings)
            let advice = account.isOfItsOwn ? "" : "; better is one of its own: `useradd --system datashield`, or DATASHIELD_USER"
            note("user", "started by root, the server becomes \(account.name)\(advice)")
        } catch {
            fail("user", "\(error)")
        }
    }

    private mutating func examineDatabase(_ settings: Settings, _ box: SecretBox?) async {
        let logger = Logger.standard(.critical)
        for complaint in settings.databaseComplaints { fail("database", complaint) }
        let open: OpenDatabase
        do {
            open = try await OpenDatabase(settings, logger: logger)
        } catch {
            fail("database", "\(error)")
            return
        }
        if let sharing = open.access.sharing {
            fail("database", sharing)
        } else {
            note("database", "app and system sign in by themselves")
        }
        if let complaint = open.keyComplaint { fail("database", complaint) }
        let system = SystemDatabase(open.access, logger: logger)
        do {
            let version = try await system.first("SHOW server_version", as: String.self) ?? "?"
            note("database", "PostgreSQL \(version), schema up to date")
            let before = Date()
            if let theirs = try await system.first("SELECT clock_timestamp()", as: Date.self) {
                let difference = theirs.timeIntervalSince(before)
                if abs(difference) > 5 {
                    fail("clock", "differs from the database's by \(Int(difference)) s. Set both by NTP.")
                } else {
                    note("clock", "agrees with the database's")
                }
            }
            let waiting = try await system.first("SELECT count(*) FROM jobs WHERE status = 'FAILED'", as: Int.self) ?? 0
            if waiting > 0 { fail("jobs", "\(waiting) were given up; see the log for their reasons.") } else { note("jobs", "none was given up") }
        } catch {
            fail("database", "\(error)")
        }
        await system.close()
        await open.cluster?.stop()
    }
}
