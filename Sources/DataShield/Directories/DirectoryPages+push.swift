import Foundation
import Hummingbird

/// Directories that push their people to us by SCIM: a name, an endpoint, and a token that is shown once.
extension DirectoryPages {
    static let pushed = DirectoryChoiceModel.Kind(
        url: "/directories/new/\(DirectoryType.scim.rawValue)", name: DirectoryType.scim.displayName,
        about: "Entra, Okta and others send their people and every change to an address here.")

    static func isPushed(_ context: AppContext) -> Bool { context.parameters.get("type") == DirectoryType.scim.rawValue }

    func pushedForm(_ entered: Entered, for request: Request, _ context: AppContext) -> Response {
        let model = DirectoryFormModel(
            heading: "Connect by SCIM", directory: DirectoryType.scim.displayName, crumb: DirectoryType.scim.displayName, about: Self.pushed.about,
            action: Self.pushed.url, steps: [],
            hasSteps: false, formError: entered.formError,
            nameField: FormField(
                "name", "Name", value: entered.values["name"], isRequired: true, hint: "The name on your pages, for example “Entra”.",
                error: entered.errors[field: "name"]),
            fields: [], choices: [], isNew: true, isAsked: false, submit: "Make endpoint and token", cancelURL: "/directories/new")
        return pages.show(
            "directories/form", model, Frame("Connect by SCIM", in: .directories, isNarrow: true, status: entered.status), for: request, context)
    }

    /// Answers with the page of the connection, which shows the token; it is nowhere else afterwards.
    func connectPushed(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        var entered = Entered(values: try await request.formTexts())
        do {
            let (token, hash) = SCIMTokens.makeToken()
            let connection = try await directories.addPushed(name: entered.values["name"] ?? "", tokenHash: hash, by: subject)
            return try await page(of: connection.id, token: token, request, context)
        } catch let failure as InvalidInput {
            entered.errors = failure.fields
            entered.status = failure.status
            return pushedForm(entered, for: request, context)
        }
    }

    /// What the page of a connection shows of it beyond what every directory has.
    func pushed(_ overview: Directories.Overview, token: String?, _ clock: PageClock, for subject: Subject) async throws -> SCIMModel {
        let id = overview.connection.id
        let counts = try await scim.counts(of: id, for: subject)
        let skipped = overview.skipped > 0 ? try await scim.skipped(of: id, limit: 50, for: subject) : []
        let rows = skipped.map { person in
            SCIMModel.Row(
                userName: person.userName, address: person.address ?? "none", reason: person.problem, since: clock.dateTime(person.since))
        }
        let calls = try await refusals.list(of: id, for: subject)
        let refused = calls.filter { !$0.isDone }
        let passedOver = calls.filter(\.isDone)
        // A name that came by POST and by PUT is one name: what is said of it is the same.
        let names = Set(passedOver.map(\.reason)).count
        return SCIMModel(
            endpoint: tokens.endpoint(of: id), token: token, hasFormer: try await tokens.hasFormer(id, for: subject),
            facts: [
                Fact("Pushed", "\(Format.count(counts.people, "person", "people")), \(Format.count(counts.groups, "group", "groups"))"),
                Fact("Not taken", Format.count(overview.skipped, "person", "people")),
            ],
            skipped: rows.isEmpty
                ? nil
                : SCIMModel.Skipped(
                    note: overview.skipped > rows.count
                        ? "the latest \(rows.count) of \(Format.count(overview.skipped))" : Format.count(overview.skipped, "person", "people"),
                    rows: rows),
            refused: refused.map { SCIMModel.Call($0, clock) }, hasRefused: !refused.isEmpty,
            refusedNote: Self.note(refused.reduce(0) { $0 + $1.times }, "call", "calls", rows: refused.count),
            passedOver: passedOver.map { SCIMModel.Call($0, clock) }, hasPassedOver: !passedOver.isEmpty,
            passedOverNote: Self.note(names, "name", "names", rows: passedOver.count))
    }

    /// How many there are; where older ones may be gone, how many rows are listed.
    private static func note(_ count: Int, _ one: String, _ many: String, rows: Int) -> String {
        rows < SCIMRefusals.kept ? Format.count(count, one, many) : "the latest \(Format.count(rows))"
    }

    func rotateToken(_ request: Request, _ context: AppContext) async throws -> Response {
        let id = try context.id(as: DirectoryConnectionID.self)
        do {
            let token = try await tokens.rotate(id, by: try context.subject)
            return try await page(of: id, token: token, request, context)
        } catch SCIMTokens.Failure.formerStillGood {
            // Also who loads the page with the token again comes here: no other is made.
            return Pages.redirect(to: "/directories/\(id)", .problem(SCIMTokens.Failure.formerStillGood.detail))
        }
    }

    func revokeToken(_ request: Request, _ context: AppContext) async throws -> Response {
        let id = try context.id(as: DirectoryConnectionID.self)
        do {
            try await tokens.revokePrevious(id, by: try context.subject)
            return Pages.redirect(to: "/directories/\(id)", .done("The old token is revoked."))
        } catch SCIMTokens.Failure.nothingToRevoke {
            return Pages.redirect(to: "/directories/\(id)", .problem(SCIMTokens.Failure.nothingToRevoke.detail))
        }
    }
}
