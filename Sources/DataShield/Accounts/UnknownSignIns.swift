import Foundation
import Logging
import Postgres

/// Writes down attempts to sign in with an address that nobody has. One at the domain of a company is an event of that company. Any other is
/// nobody's: a line in the log, without the address, which is a stranger's, or a password in the wrong field. Neither can be made to grow at
/// will, and the caller hears nothing of it.
struct UnknownSignIns: Sendable {
    let system: SystemDatabase
    let logger: Logger
    private let perSource: AuditLimit
    private let perCompany: AuditLimit

    init(system: SystemDatabase, logger: Logger, now: @escaping Now) {
        self.system = system
        self.logger = logger
        perSource = AuditLimit(now: now)
        perCompany = AuditLimit(20, now: now)
    }

    func record(_ email: String, from origin: SignIn.Origin) async throws {
        let source = Throttle.network(of: origin.address)
        guard let address = try? EmailAddress(email),  // try?: what is no address is at no company's domain
            let company = try await system.first("SELECT id FROM companies WHERE domain = \(address.domain)", as: CompanyID.self)
        else {
            if perSource.admits("nobody \(source)") { logger.notice("A sign-in was refused: the address is nobody's, nor at a company's domain") }
            return
        }
        guard perSource.admits("\(company) \(source)"), perCompany.admits(company.rawValue) else { return }
        try await AuditTrail.record(
            "session.refused", target: .init("address", id: address.text), after: ["reason": "no such user"],
            by: Subject(actor: .program("sign-in"), company: company, role: .viewer, address: origin.address), in: system)
    }
}
