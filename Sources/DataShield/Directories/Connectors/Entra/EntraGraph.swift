import Foundation
import HTTPTypes

/// Where Entra ID and Microsoft Graph are: "National cloud deployments". Tokens of one are of no use in another.
enum EntraCloud: String, CaseIterable, Sendable {
    case global = "GLOBAL"
    case usGovernment = "US_GOV"
    case usDefence = "US_GOV_DOD"
    case china = "CHINA"

    var login: String {
        switch self {
        case .global: "https://login.microsoftonline.com"
        case .usGovernment, .usDefence: "https://login.microsoftonline.us"
        case .china: "https://login.chinacloudapi.cn"
        }
    }

    var graph: String {
        switch self {
        case .global: "https://graph.microsoft.com"
        case .usGovernment: "https://graph.microsoft.us"
        case .usDefence: "https://dod-graph.microsoft.us"
        case .china: "https://microsoftgraph.chinacloudapi.cn"
        }
    }
}

/// The way to Microsoft Graph, with its token and its errors.
struct EntraGraph: Sendable {
    /// What Graph refuses in a way that a caller may have an answer to; ``failure(_:)`` is for those who have none.
    enum Refusal: Error, Hashable {
        case badRequest(String)
        case notPermitted(String)
        case notFound
        /// The delta link is no longer good.
        case gone
    }

    static let reportPath = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
    /// For filters and counts that are answered from an index: "Advanced query capabilities".
    static let eventual: HTTPFields = HTTPField.Name("ConsistencyLevel").map { [$0: "eventual"] } ?? [:]

    /// Scheme, host and port that page links may lead to.
    let origin: URL
    private let access: DirectoryAccess
    private let client: DirectoryClient
    private let tokens: DirectoryTokens
    private let cloud: EntraCloud
    private let scope: String

    init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        let cloud = EntraCloud(rawValue: configuration["cloud"]) ?? .global
        let client = DirectoryClient("Microsoft Entra ID", access)
        self.cloud = cloud
        self.access = access
        self.client = client
        origin = try access.url(cloud.graph, "")
        scope = "\(cloud.graph)/.default"
        let login = try access.url(cloud.login, "/\(PercentEncoding.of(configuration["tenantId"]))/oauth2/v2.0/token")
        let form = [
            ("client_id", configuration["clientId"]), ("client_secret", configuration["clientSecret"]), ("scope", scope),
            ("grant_type", "client_credentials"),
        ]
        tokens = DirectoryTokens(now: access.now) { _ in
            let answer = try await client.read(.form(login, form))
            guard answer.status == 200 else { throw Self.tokenFailure(answer, client) }
            let token = try answer.json()
            return .init(text: try token.neededText("access_token"), lifetime: try token.neededLifetime("expires_in"))
        }
    }

    func url(_ path: String) throws -> URL { try access.url(cloud.graph, path) }

    func userURL(_ id: String, _ rest: String = "") throws -> URL { try url("/v1.0/users/\(PercentEncoding.of(id))\(rest)") }

    /// Reads.
    /// - Throws: ``Refusal``, ``DirectoryFailure``, `CancellationError`.
    func read(_ url: URL, headers: HTTPFields = [:]) async throws -> DirectoryAnswer {
        let answer = try await tokens.call(.get(url, headers: headers), scope) { try await client.read($0) }
        guard answer.isSuccess else { throw refusal(answer) }
        return answer
    }

    /// A page of users.
    /// - Throws: as ``read(_:headers:)``.
    func users(_ url: URL, headers: HTTPFields = [:]) async throws -> EntraPage<EntraUser> {
        try EntraPage(try await read(url, headers: headers)) { try EntraUser(&$0) }
    }

    /// One user; nil when there is none.
    func user(_ id: String) async throws -> EntraUser? {
        do {
            return try await read(userURL(id, "?$select=\(EntraUser.fields)")).pull { try EntraUser(&$0) }
        } catch Refusal.notFound {
            return nil
        }
    }

    /// Changes something, once.
    /// - Parameter needing: what has to be granted, for the case that it is not.
    func change(_ call: DirectoryCall, needing grant: String) async throws {
        let answer = try await tokens.call(call, scope) { try await client.change($0) }
        // Any 2xx: the documented 200 is to become 204.
        guard !answer.isSuccess else { return }
        do {
            throw refusal(answer)
        } catch Refusal.notFound {
            throw DirectoryFailure.noSuchAccount
        } catch Refusal.notPermitted(let code) {
            throw DirectoryFailure.notPermitted("Microsoft Entra ID does not permit it (\(code)). It takes \(grant).")
        } catch Refusal.badRequest(let code) {
            throw DirectoryFailure.refusedAction("Microsoft Entra ID refuses it for this account (\(code)), as it does for federated accounts.")
        } catch Refusal.gone {
            throw client.unexpected(answer, code: nil)
        }
    }

    private func refusal(_ answer: DirectoryAnswer) -> any Error {
        let code = DirectoryClient.safe(answer.problem?["error"]?["code"]?.text ?? "status \(answer.status)")
        let expired: Set = ["syncstatenotfound", "resyncrequired", "syncstateinvalid"]
        if answer.status == 410 || expired.contains(code.lowercased()) { return Refusal.gone }
        switch answer.status {
        case 401: return DirectoryFailure.refusedCredentials("Microsoft Entra ID refuses the token that it gave us (\(code)).")
        case 403: return Refusal.notPermitted(code)
        // A 404 without Graph's own words is somebody else's, and says nothing of an account.
        case 404 where answer.problem?["error"] != nil: return Refusal.notFound
        case 400, 501: return Refusal.badRequest(code)
        default: return client.unexpected(answer, code: code)
        }
    }

    /// What a refusal is when nobody had an answer to it.
    static func failure(_ refusal: Refusal) -> DirectoryFailure {
        switch refusal {
        case .badRequest(let code): .malformed("Microsoft Entra ID does not take the question (\(code))")
        case .notPermitted(let code):
            .notPermitted(
                "Microsoft Entra ID does not let the application read people (\(code)). Grant it the application permission User.Read.All, with admin consent."
            )
        case .notFound: .malformed("Microsoft Entra ID does not know what was asked for (404)")
        case .gone: .stateExpired
        }
    }

    static func mfaWarning(_ code: String) -> String {
        code.contains("NonPremium")
            ? "MFA is unknown: its report needs a licence for Microsoft Entra ID P1 or P2."
            : "MFA is unknown: the application may not read its report (\(code)). Grant it the application permission AuditLog.Read.All, with admin consent."
    }

    /// The words for a refused token request, by the numbers of Entra's errors.
    private static func tokenFailure(_ answer: DirectoryAnswer, _ client: DirectoryClient) -> DirectoryFailure {
        let problem = answer.problem
        let numbers = problem?["error_codes"]?.items?.compactMap(\.wholeNumber) ?? []
        let code = DirectoryClient.safe(problem?["error"]?.text ?? "")
        let shown = numbers.first.map { "AADSTS\($0)" } ?? (code.isEmpty ? "status \(answer.status)" : code)
        switch numbers.first {
        case 7_000_215: return .refusedCredentials("The client secret is wrong (\(shown)): give the secret's value, not its ID.")
        case 7_000_222: return .refusedCredentials("The client secret has expired (\(shown)): make a new one.")
        case 700_016: return .misconfigured(field: "clientId", "The tenant knows no application with this ID (\(shown)).")
        case 90_002: return .misconfigured(field: "tenantId", "Microsoft Entra ID knows no such tenant (\(shown)).")
        case 70_011, 1_002_012: return .misconfigured(field: "cloud", "The cloud does not know the permission that is asked for (\(shown)).")
        default: break
        }
        switch answer.status {
        case 400, 401, 403: return .refusedCredentials("Microsoft Entra ID refuses the application's credentials (\(shown)).")
        case 404: return .misconfigured(field: "tenantId", "Microsoft Entra ID knows no such tenant (\(shown)).")
        default: return client.unexpected(answer, code: shown)
        }
    }
}
