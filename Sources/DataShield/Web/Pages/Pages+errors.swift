import Hummingbird

/// What the error page shows.
private struct ErrorModel {
    var code: String
    var heading: String
    var text: String
    var fields: [FieldError]
    var actionURL: String
    var actionLabel: String
    var requestId: String
}

extension Pages: ErrorPages {
    package func page(for refusal: Refusal, to request: Request, context: AppContext, administrators: [String]) -> Response {
        let heading = Self.heading(of: refusal)
        let needsSignIn = refusal.status == .unauthorized
        let model = ErrorModel(
            code: "Error \(refusal.status.code)", heading: heading, text: Self.text(of: refusal, administrators), fields: refusal.fields,
            actionURL: needsSignIn ? "/login" : "/", actionLabel: needsSignIn ? "Sign in" : "Go to Today",
            requestId: refusal.status.code >= 500 ? context.requestID : "")
        let layout = context.signedIn == nil ? Frame.Layout.bare : .app
        let frame = Frame(heading, layout: layout, status: refusal.status)
        let shell = shell(frame, for: request, flash: nil, signedIn: context.signedIn)
        guard let html = html("errors/show", model, shell, layout: layout) else { return unshown("errors/show", refusal: refusal, context) }
        var response = Self.response(html, status: refusal.status)
        for field in refusal.headers { response.headers.append(field) }
        return response
    }

    private static func heading(of refusal: Refusal) -> String {
        switch refusal.status.code {
        case 401: "Sign in first"
        case 403: refusal.missing == nil ? "That was refused" : "You cannot open this"
        case 404: "Page not found"
        case 409: "That cannot be done now"
        case 413: "That is too large"
        case 429: "Too many requests"
        case 503: "Not available just now"
        case 500...: "Something went wrong"
        default: "That did not work"
        }
    }

    private static func text(of refusal: Refusal, _ administrators: [String]) -> String {
        if let missing = refusal.missing {
            // What a permission is called says nothing to a person: what it is for does, and who can help.
            return [missing.whoMay, yours(administrators)].compactMap { $0 }.joined(separator: " ")
        }
        if refusal.status == .notFound, refusal.detail == HTTPFailure.notFound.detail {
            return "The address may be mistyped, or what was here was deleted or belongs to another company."
        }
        return refusal.detail
    }

    /// "Yours: Dana Demo." The first three stand for them all.
    static func yours(_ administrators: [String]) -> String? {
        guard let last = administrators.last else { return nil }
        guard administrators.count > 1 else { return "Yours: \(last)." }
        guard administrators.count <= 3 else { return "Yours: \(administrators.prefix(3).joined(separator: ", ")) and others." }
        return "Yours: \(administrators.dropLast().joined(separator: ", ")) and \(last)."
    }
}

extension Permission {
    /// Who may do what it is for, in a sentence.
    var whoMay: String {
        switch self {
        case .employeesManage: "Only administrators change the list of people."
        case .machinesTrace: "Only administrators see what leads to a machine."
        case .leaksIngest: "Only administrators have leak files read."
        case .connectorsManage: "Only administrators manage directories and keys."
        case .remediationAct: "Only administrators end sessions and reset passwords."
        case .policyManage: "Only administrators change settings."
        case .usersManage: "Only administrators manage users."
        case .auditRead: "Only administrators read the audit trail."
        case .dashboardRead, .employeesRead, .employeesScan, .breachesRead, .alertsRead, .alertsStatus, .scansRead, .machinesRead,
            .credentialsRead, .directoryRead, .remediationRead, .companyRead:
            "Your account may not do this."
        }
    }
}
