import Foundation
import Hummingbird
import Jobs
import Logging
import Postgres
import ServiceLifecycle

extension Application {
    /// What the program is put together from.
    package struct Parts: Sendable {
        package var settings: Settings
        package var database: TenantDatabase
        package var system: SystemDatabase
        package var secrets: SecretBox
        package var logger: Logger
        package var now: Now = { Date() }
        /// The cost of bcrypt; tests take the least.
        package var passwordCost = 12
        /// What pauses and deadlines go by.
        package var clock: any Clock<Duration> = ContinuousClock()
        package var version = Version.current
        /// The directories that remediation acts in; those of the database when nil.
        package var remediationDirectories: (any RemediationDirectories)?
        /// How long somebody who asks for a remediation is kept waiting for the directory's answer.
        package var remediationPatience: Duration = Remediation.usualPatience

        package init(settings: Settings, database: TenantDatabase, system: SystemDatabase, secrets: SecretBox, logger: Logger) {
            self.settings = settings
            self.database = database
            self.system = system
            self.secrets = secrets
            self.logger = logger
        }

        /// The parts for a database that is migrated already.
        /// - Parameter access: the ways into it; into the settings' own, or into that of the private cluster.
        package init(settings: Settings, access: DatabaseAccess, logger: Logger) throws {
            let shape: (inout PoolConfiguration) -> Void = { configuration in
                configuration.size = settings.poolSize
                configuration.preparedStatements = settings.preparedStatements
                configuration.statementTimeout = .seconds(60)
                configuration.lockTimeout = .seconds(20)
            }
            self.init(
                settings: settings, database: TenantDatabase(access, shape: shape, logger: logger),
                system: SystemDatabase(access, shape: shape, logger: logger), secrets: try SecretBox.standard(settings), logger: logger)
        }
    }

    /// Puts the program together. This is the only place where that is done.
    package static func build(_ parts: Parts) throws -> Application {
        let (settings, database, system, now) = (parts.settings, parts.database, parts.system, parts.now)
        let telemetry = Telemetry()
        let ssrfGuard = SSRFGuard(allowed: settings.allowedHosts)
        let outbound = OutboundClient(ssrfGuard: ssrfGuard)

        // Accounts
        let hasher = PasswordHasher(cost: parts.passwordCost)
        let sessions = Sessions(system: system, database: database, now: now)
        let signIn = SignIn(system: system, sessions: sessions, hasher: hasher, logger: parts.logger, now: now)
        let users = Users(database: database, sessions: sessions, hasher: hasher, rules: try .bundled(), now: now)
        let companies = Companies(database: database, system: system)
        let audit = Audit(database: database)

        // Capabilities: one line each, in the order of their dependencies.
        let queue = JobQueue(pool: system.pool, makeID: { CUID.make(at: now()) })
        let risk = Risk(database: database, now: now)
        let coverage = Coverage(database: database)
        let breaches = Breaches(database: database)
        let employees = Employees(database: database, now: now)
        let alerts = Alerts(database: database, now: now)
        let dashboards = Dashboards(database: database, now: now)
        let today = Today(database: database, now: now)
        let scimTokens = SCIMTokens(system: system, database: database, settings: settings, now: now)
        let directories = Directories(
            database: database, secrets: parts.secrets, queue: queue,
            access: { type in
                DirectoryAccess(
                    outbound: outbound, ssrfGuard: ssrfGuard, origin: settings.directoryURLs[type.rawValue], now: now, logger: parts.logger)
            }, forgetTokens: scimTokens.forget, now: now)
        let remediationDirectories = parts.remediationDirectories ?? directories
        let remediationKeeper = RemediationKeeper(logger: parts.logger)
        let remediationRunner = RequestRunner(
            database: database, directories: remediationDirectories, keeper: remediationKeeper, logger: parts.logger)
        let remediation = Remediation(
            database: database, companies: companies, alerts: alerts, directories: remediationDirectories, runner: remediationRunner, queue: queue,
            patience: parts.remediationPatience)
        let providers = Providers(client: outbound, origins: settings.providerURLs, rates: settings.providerRates, system: system, now: now)
        let credentials = Credentials(database: database, secrets: parts.secrets, providers: providers, now: now)
        let recorder = Recorder(now: now)
        let machines = Machines(database: database)
        let leakedCredentials = LeakedCredentials(database: database)
        let uploads = IngestUploads(logger: parts.logger)
        let ingests = Ingests(
            database: database, system: system, recorder: recorder, secrets: parts.secrets, uploads: uploads, now: now, clock: parts.clock)
        let yields = Yields(database: database)
        let scans = Scans(database: database, system: system, queue: queue, now: now)

        let scim = SCIMDirectory(database: database, now: now)
        let scimRefusals = SCIMRefusals(database: database, logger: parts.logger, now: now)

        // Work in the background: one line for each job, one for each schedule.
        var work = Worker.Configuration()
        work.lease = .seconds(settings.jobLease)
        work.pollInterval = .seconds(settings.jobPoll)
        let worker = Worker(
            queue: queue,
            handlers: [
                RunScan(
                    database: database, credentials: credentials, providers: providers, recorder: recorder, now: now,
                    logger: parts.logger),
                RefreshRisk(risk: risk),
                UniteBreaches(database: database, now: now),
                RunDirectorySync(database: database, directories: directories, now: now, logger: parts.logger),
                RunWaitingRequests(database: database, runner: remediationRunner),
            ], configuration: work, logger: parts.logger)
        let scheduler = Scheduler(
            pool: system.pool,
            works: [
                scans.schedule,
                RefreshRisk.schedule(queue, now: now),
                ingests.schedule,
                Machines.schedule(now: now),
                directories.schedule,
                RemediationSchedule(queue: queue, keeper: remediationKeeper, logger: parts.logger).work,
                ScheduledWork("finished jobs") { db in try await queue.removeSucceeded(olderThan: .seconds(7 * 86_400), in: db) },
            ], every: .seconds(2 * settings.jobPoll), logger: parts.logger)

        // HTTP
        let assets = try StaticAssets.bundled()
        let router = Router(context: AppContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RouterFailure.Middleware())
        let cookies = Cookies(isSecure: settings.isHTTPS)
        let sessionCookie = SessionCookie(isSecure: settings.isHTTPS)
        let flash = FlashSeal(key: try parts.secrets.derivedKey(for: "flash messages"), cookies: cookies)
        let refused = RefusedAccess(database: database, logger: parts.logger, now: now)
        let exports = ExportLimit(now: now)
        let authenticate: Routes.Authenticate = { request, context in
            guard let token = sessionCookie.token(in: request), var signedIn = try await sessions.find(token) else { return nil }
            signedIn.address = context.sourceAddress(of: request)
            return signedIn
        }
        let routes = Routes(
            router: router, revalidate: sessions.holds, onRefusal: refused.record, admit: exports.admit, finish: flash.finish,
            count: { try await today.counts(for: $0.subject) },
            authenticate: authenticate)
        let accountRoutes = AccountRoutes(signIn: signIn, sessions: sessions, users: users, cookie: sessionCookie)
        accountRoutes.add(to: routes.api)
        UserRoutes(users: users).add(to: routes.api)
        CompanyRoutes(companies: companies).add(to: routes.api)
        AuditRoutes(audit: audit).add(to: routes.api)
        assets.addRoutes(to: routes)
        // JSON routes of the capabilities: one line each.
        EmployeeRoutes(employees: employees, credentials: leakedCredentials).add(to: routes.api)
        AlertRoutes(alerts: alerts).add(to: routes.api)
        BreachRoutes(breaches: breaches).add(to: routes.api)
        EmployeeRecordRoutes(breaches: breaches, employees: employees).add(to: routes.api)
        RiskRoutes(risk: risk, coverage: coverage).add(to: routes.api)
        ScanRoutes(scans: scans).add(to: routes.api)
        CredentialRoutes(credentials: credentials, yields: yields).add(to: routes.api)
        MachineRoutes(machines: machines).add(to: routes.api)
        IngestRoutes(ingests: ingests).add(to: routes.api)
        DashboardRoutes(dashboards: dashboards).add(to: routes.api)
        TodayRoutes(today: today).add(to: routes.api)
        DirectoryRoutes(directories: directories, tokens: scimTokens, refusals: scimRefusals).add(to: routes.api)
        let scimRoutes = SCIMRoutes(
            tokens: scimTokens, directory: scim, limit: SCIMRateLimit(rate: settings.scimRate), refusals: scimRefusals, settings: settings, now: now)
        scimRoutes.add(to: routes.api)
        RemediationRoutes(remediation: remediation).add(to: routes.api)

        // Pages: one line each.
        let pages = try Pages(assets: assets.base, flash: flash, cookies: cookies)
        AccountPages(pages: pages, signIn: signIn, sessions: sessions, users: users, cookie: sessionCookie, now: now)
            .add(to: routes.pages)
        UserPages(pages: pages, users: users, now: now).add(to: routes.pages)
        TodayPages(pages: pages, today: today, alerts: alerts, remediation: remediation, now: now).add(to: routes.pages)
        DashboardPages(pages: pages, dashboards: dashboards, now: now).add(to: routes.pages)
        EmployeePages(
            pages: pages, employees: employees, breaches: breaches, alerts: alerts, risk: risk, coverage: coverage, credentials: leakedCredentials,
            machines: machines, now: now
        ).add(to: routes.pages)
        StaffListPages(
            pages: pages, employees: employees, previews: StaffPreviews(database: database, secrets: parts.secrets, now: now), now: now
        ).add(to: routes.pages)
        BreachPages(pages: pages, breaches: breaches, now: now).add(to: routes.pages)
        AlertPages(pages: pages, alerts: alerts, users: users, credentials: leakedCredentials, remediation: remediation, machines: machines, now: now)
            .add(to: routes.pages)
        RemediationPages(pages: pages, remediation: remediation, now: now).add(to: routes.pages)
        RemediationSettingsPages(pages: pages, remediation: remediation, sessions: sessions, now: now).add(to: routes.pages)
        ScanPages(pages: pages, scans: scans, companies: companies, credentials: credentials, now: now).add(to: routes.pages)
        MachinePages(pages: pages, machines: machines, now: now).add(to: routes.pages)
        IngestPages(pages: pages, ingests: ingests, now: now).add(to: routes.pages)
        CredentialPages(pages: pages, credentials: credentials, yields: yields, now: now).add(to: routes.pages)
        SourceHealthPages(pages: pages, credentials: credentials, yields: yields, now: now).add(to: routes.pages)
        DirectoryPages(pages: pages, directories: directories, tokens: scimTokens, scim: scim, refusals: scimRefusals, now: now)
            .add(to: routes.pages)
        MFAPages(pages: pages, employees: employees, now: now).add(to: routes)
        SettingsPages(pages: pages, companies: companies, risk: risk, now: now).add(to: routes.pages)
        AuditPages(pages: pages, audit: audit, now: now).add(to: routes.pages)
        GlossaryPages(pages: pages).add(to: routes.pages)

        // Last, because document and page are made of the routes above.
        ServerRoutes(system: system, telemetry: telemetry, settings: settings, version: parts.version).add(to: routes)
        DocsPages(pages: pages, routes: routes.registered, origin: settings.publicOrigin).add(to: routes.pages)

        let front = FrontResponder(
            router: router.buildResponder(), headers: SecurityHeaders(isHTTPS: settings.isHTTPS),
            crossSite: CrossSite(publicOrigin: settings.publicOrigin), allowedMethods: AllowedMethods(routes.registered),
            errorPages: pages, authenticate: authenticate, administrators: { try await users.administrators(for: $0.subject) },
            telemetry: telemetry,
            errorFormats: [SCIMErrorFormat { await scimRoutes.noteUnrouted($0, $1, $2) }])

        telemetry.add(
            .init(name: "datashield_database_connections", help: "Connections of the pool of requests that see every company.") {
                let (total, idle) = system.pool.connectionCount
                return [(#"state="lent""#, Double(total - idle)), (#"state="idle""#, Double(idle))]
            })
        telemetry.add(
            .init(name: "datashield_jobs", help: "Jobs by status.") {
                try await system.query("SELECT status::text, count(*) FROM jobs GROUP BY status ORDER BY 1", as: JobCount.self)
                    .map { (#"status="\#($0.status)""#, Double($0.count)) }
            })

        telemetry.add(
            .init(name: "datashield_remediation_stopped", help: "Companies whose remediation was stopped by its governor.") {
                [("", Double(try await system.first("SELECT count(*) FROM remediation_settings WHERE stopped_at IS NOT NULL", as: Int.self) ?? 0))]
            })

        telemetry.add(
            .init(name: "datashield_remediation_unwritten", help: "Answers of directories that wait for the database to be written down.") {
                [("", Double(remediationKeeper.unwritten))]
            })

        return Application(
            settings: settings, logger: parts.logger, telemetry: telemetry, secrets: parts.secrets, outbound: outbound, database: database,
            system: system, companies: companies, users: users, sessions: sessions, signIn: signIn, audit: audit, employees: employees,
            alerts: alerts, breaches: breaches, risk: risk, credentials: credentials, scans: scans, machines: machines, ingests: ingests,
            dashboards: dashboards, directories: directories, scimTokens: scimTokens, scim: scim, remediation: remediation,
            assets: assets, routes: routes.registered, responder: front, uploads: uploads, keeper: remediationKeeper, worker: worker,
            background: [
                scheduler, AccountUpkeep(sessions: sessions, logger: parts.logger),
                StaffPreviewUpkeep(system: system, logger: parts.logger, now: now),
            ])
    }
}

private struct JobCount: RowDecodable {
    let status: String
    let count: Int

    init(from row: inout Row) throws {
        status = try row.next()
        count = try row.next()
    }
}
