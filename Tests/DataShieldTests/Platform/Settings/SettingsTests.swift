import Foundation
import Testing

@testable import DataShield

@Suite struct SettingsTests {
    private let key = Data(repeating: 7, count: 32).base64EncodedString()

    @Test func `without anything set there are defaults`() throws {
        let settings = try Settings.read(environment: ["HOME": "/home/somebody", "PATH": "/bin"])
        #expect(settings.port == 8080 && settings.host == "127.0.0.1" && settings.databaseURL == nil && !settings.isHTTPS)
        #expect(settings.baseURL == "http://127.0.0.1:8080")
        #expect(settings.jobLease == 15 && settings.jobPoll == 5)
    }

    @Test func `everything that can be set is read`() throws {
        let settings = try Settings.read(environment: [
            "DATABASE_URL": "postgresql://user:pass@host:5433/db?sslmode=require", "DATASHIELD_DATA_DIR": "/srv/data",
            "DATASHIELD_ENCRYPTION_KEY": key,
            "DATASHIELD_ENCRYPTION_KEY_PREVIOUS": "\(key), \(key)", "DATASHIELD_HOST": "0.0.0.0", "DATASHIELD_PORT": "9000",
            "DATASHIELD_PUBLIC_URL": "https://shield.example/", "SMTP_URL": "smtps://user:pw@mail.example:465",
            "MAIL_FROM": "DataShield <Shield@Example.com>",
            "CRON_SECRET": "0123456789abcdef", "DATASHIELD_ALLOWED_HOSTS": "10.0.0.0/8, ldap.internal,192.168.1.7, fd00::/8",
            "DATASHIELD_PROVIDER_URL_HIBP": "http://127.0.0.1:9999", "DATASHIELD_DIRECTORY_URL_OKTA": "http://localhost:7777",
            "DATASHIELD_PROVIDER_URL_INTELX": "https://proxy.example/intelx/", "DATASHIELD_PROVIDER_RATE_INTELX": "120",
            "DATASHIELD_JOB_LEASE": "2", "DATASHIELD_JOB_POLL": "1",
        ])
        #expect(settings.dataDirectory.path == "/srv/data" && settings.port == 9000 && settings.isHTTPS)
        #expect(settings.publicOrigin == "https://shield.example" && settings.mailFrom?.text == "shield@example.com")
        #expect(settings.jobLease == 2 && settings.jobPoll == 1)
        #expect(settings.previousEncryptionKeys.count == 2 && settings.allowedHosts.count == 4)
        #expect(settings.providerURLs["HIBP"]?.port == 9999 && settings.directoryURLs["OKTA"]?.port == 7777)
        #expect(settings.providerURLs["INTELX"]?.absoluteString == "https://proxy.example/intelx" && settings.providerRates == ["INTELX": 120])
        #expect(!"\(settings)".contains("pass") && !"\(settings)".contains(key) && !String(reflecting: settings).contains("0123456789abcdef"))
    }

    @Test(arguments: [
        ("DATABASE_URL", "mysql://secretvalue@host/db"), ("DATASHIELD_ENCRYPTION_KEY", "secretvalue"),
        ("DATASHIELD_ENCRYPTION_KEY_PREVIOUS", "secretvalue"),
        ("DATASHIELD_PORT", "secretvalue"), ("DATASHIELD_PORT", "70000"), ("DATASHIELD_PORT", "-1"), ("DATASHIELD_HOST", "http://x"),
        ("DATASHIELD_PUBLIC_URL", "secretvalue"), ("DATASHIELD_PUBLIC_URL", "https://host/path"), ("DATASHIELD_PUBLIC_URL", "ftp://host"),
        ("DATASHIELD_PUBLIC_URL", "https://u:secretvalue@host"), ("SMTP_URL", "mail.secretvalue.example"), ("MAIL_FROM", "secretvalue"),
        ("CRON_SECRET", "short"), ("DATASHIELD_ALLOWED_HOSTS", "10.0.0.0/33"), ("DATASHIELD_ALLOWED_HOSTS", "a b"),
        ("DATASHIELD_PROVIDER_URL_HIPB", "http://x"), ("DATASHIELD_PROVIDER_URL_HIBP", "secretvalue"), ("DATASHIELD_DIRECTORY_URL_LDAPS", "http://x"),
        ("DATASHIELD_PROVIDER_URL_HIBP", "http://x/path?q=secretvalue"), ("DATASHIELD_PROVIDER_RATE_HIBP", "0"),
        ("DATASHIELD_PROVIDER_RATE_SECRET", "1"), ("DATASHIELD_DIRECTORY_URL_OKTA", "http://x/path"), ("DATASHIELD_LOG_LEVEL", "loud"),
        ("DATASHIELD_POOL_SIZE", "0"), ("DATASHIELD_SCIM_RATE", "0"),
        ("DATABASE_APP_URL", "mysql://secretvalue@host/db"), ("DATABASE_SYSTEM_URL", "secretvalue"), ("DATASHIELD_USER", "secretvalue"),
        ("DATASHIELD_USER", "root"),
        ("DATASHIELD_JOB_LEASE", "0"), ("DATASHIELD_JOB_POLL", "301"),
        ("DATASHIELD_CONNECTIONS", "7"), ("DATASHIELD_CONNECTIONS_PER_ADDRESS", "0"),
    ])
    func `a wrong setting is one line that names it and does not show it`(_ name: String, _ value: String) {
        let error = #expect(throws: SettingsError.self) { try Settings.read(environment: [name: value]) }
        let line = error?.description ?? ""
        #expect(line.hasPrefix(name) && !line.contains("\n") && !line.contains("secretvalue"))
    }

    @Test func `logins of app and system are set together, beside the one for migrations`() throws {
        let (owner, app, system) = ("postgresql://o@localhost/d", "postgresql://a@localhost/d", "postgresql://s@localhost/d")
        let settings = try Settings.read(environment: ["DATABASE_URL": owner, "DATABASE_APP_URL": app, "DATABASE_SYSTEM_URL": system])
        #expect(settings.databaseAppURL?.value == app && settings.databaseSystemURL?.value == system)
        for (environment, name) in [
            (["DATABASE_URL": owner, "DATABASE_APP_URL": app], "DATABASE_SYSTEM_URL"),
            (["DATABASE_URL": owner, "DATABASE_SYSTEM_URL": system], "DATABASE_APP_URL"),
            (["DATABASE_APP_URL": app, "DATABASE_SYSTEM_URL": system], "DATABASE_URL"),
        ] {
            let error = #expect(throws: SettingsError.self) { try Settings.read(environment: environment) }
            #expect(error?.name == name)
        }
    }

    @Test func `a database on another machine without TLS is complained of, by the setting's name and not by what it holds`() throws {
        var settings = Settings(dataDirectory: URL(filePath: "/tmp"))
        settings.databaseURL = Secret("postgresql://o:hunter2@db.example/d")
        settings.databaseAppURL = Secret("postgresql://a:hunter2@db.example/d?sslmode=verify-full")
        settings.databaseSystemURL = Secret("postgresql://s:hunter2@db.example/d")
        let complaints = settings.databaseComplaints
        #expect(complaints.count == 2 && complaints[0].hasPrefix("DATABASE_URL ") && complaints[1].hasPrefix("DATABASE_SYSTEM_URL "))
        #expect(complaints.allSatisfy { $0.contains("sslmode=verify-full") && !$0.contains("hunter2") && !$0.contains("db.example") })
        settings = Settings(dataDirectory: URL(filePath: "/tmp"))
        #expect(settings.databaseComplaints == [])
        settings.databaseURL = Secret("postgresql://o:hunter2@localhost/d")
        #expect(settings.databaseComplaints == [])
        settings.databaseURL = Secret("service=prod password=hunter2")
        #expect(settings.databaseComplaints.map { $0.contains("a service file may lead to another machine") && !$0.contains("hunter2") } == [true])
    }

    @Test func `a file is read, and the environment goes before it`() throws {
        let file = """
            # settings
            DATASHIELD_PORT=9001
            export DATASHIELD_HOST="0.0.0.0"
              CRON_SECRET = 'a secret without spaces'

            """
        #expect(throws: SettingsError.self) { try Settings.read(environment: [:], file: file) }
        let good = file.replacingOccurrences(of: "a secret without spaces", with: "a=secret=with=signs")
        let settings = try Settings.read(environment: ["DATASHIELD_PORT": "9002"], file: good)
        #expect(settings.port == 9002 && settings.host == "0.0.0.0" && settings.cronSecret?.value == "a=secret=with=signs")
    }

    @Test(arguments: ["DATASHIELD_PROT=1", "nonsense", "=x", "PATH=/bin"])
    func `a line of the file that means nothing is refused`(_ line: String) {
        #expect(throws: SettingsError.self) { try Settings.read(environment: [:], file: line) }
    }

    @Test func `an empty value is one that is not set`() throws {
        #expect(try Settings.read(environment: ["DATASHIELD_PORT": "", "CRON_SECRET": ""]).cronSecret == nil)
    }
}
