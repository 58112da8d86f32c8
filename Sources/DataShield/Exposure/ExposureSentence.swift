import Foundation

/// Who took what of somebody, as the head of a list or a page says it: a sentence in place of a score.
package struct ExposureSentence: Codable, Sendable, Hashable {
    /// What was taken and by whom: "RedLine took the password and signed-in sessions".
    package var lead: String
    /// When, and why it is live or not.
    package var detail: String

    /// - Parameters:
    ///   - breach: the name of the breach, or of the list.
    ///   - family: the malware, where it is known.
    package init(_ exposure: ExposureLiveness, breach: String, family: String?) {
        lead = Self.lead(exposure, breach: breach, family: family)
        detail = exposure.words + Self.secondFactor(exposure)
    }

    /// What happened to somebody, as the heading of a page: "Lumma took Ann Lee's password and signed-in sessions".
    /// - Parameter data: the kinds of data in words as they stand within a sentence, what matters most first, for where nothing of it can be used to sign in.
    package static func title(_ exposure: ExposureLiveness, of name: String, breach: String, family: String?, data: [String]) -> String {
        let kinds = Set(exposure.credentials.map(\.kind))
        var taken: [String] = []
        if !kinds.isDisjoint(with: [.companyPassword, .password]) {
            taken.append("password")
        } else if kinds.contains(.hash) {
            taken.append("password hash")
        }
        if kinds.contains(.session) { taken.append("signed-in sessions") }
        if kinds.contains(.token) { taken.append("tokens") }
        let owner = "\(name)'s"
        if exposure.isFromMalware {
            let malware = family ?? "Malware"
            return taken.isEmpty ? "\(malware) took data of \(name)" : "\(malware) took \(owner) \(joined(taken))"
        }
        if !taken.isEmpty { return exposure.isOfOneSite ? "\(breach) exposed \(owner) \(joined(taken))" : "\(owner) \(joined(taken)) in \(breach)" }
        guard !data.isEmpty else { return "\(name) in \(breach)" }
        return "\(breach) exposed \(owner) \(joined(data.count > 3 ? data.prefix(2) + ["other data"] : data))"
    }

    private static func joined(_ parts: [String]) -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return "\(parts.dropLast().joined(separator: ", ")) and \(last)"
    }

    private static func lead(_ exposure: ExposureLiveness, breach: String, family: String?) -> String {
        let what = what(exposure)
        if exposure.isFromMalware {
            guard let what else { return "\(family ?? "Malware") took data that the source does not name\(places(exposure))" }
            return "\(family ?? "Malware") took \(what)\(places(exposure))"
        }
        guard let what else {
            return exposure.hasUnreadText ? "\(breach) has a text beside the address that was not understood" : "\(breach) exposed the address"
        }
        if exposure.certainty == .ifReused { return "If reused: \(what) in \(breach)" }
        return "\(breach) exposed \(what)"
    }

    /// What can be used to sign in; nil where nothing of it is named.
    private static func what(_ exposure: ExposureLiveness) -> String? {
        let kinds = Set(exposure.credentials.map(\.kind))
        var parts: [String] = []
        if kinds.contains(.companyPassword) {
            parts.append(company(exposure).map { "the password for \($0)" } ?? "a password for a site of the company's")
        } else if kinds.contains(.password) {
            parts.append("a password")
        } else if kinds.contains(.hash) {
            parts.append("the hash of a password")
        }
        if kinds.contains(.session) { parts.append("signed-in sessions") }
        if kinds.contains(.token) { parts.append("tokens") }
        return parts.isEmpty ? nil : joined(parts)
    }

    /// The company's site, where it is one.
    private static func company(_ exposure: ExposureLiveness) -> String? {
        let own = exposure.sites.filter(\.isCompany)
        return own.count == 1 ? own[0].host : nil
    }

    /// Where it is for, but a site that is named already.
    private static func places(_ exposure: ExposureLiveness) -> String {
        let named = exposure.credentials.contains { $0.kind == .companyPassword } ? company(exposure) : nil
        let hosts = exposure.sites.map(\.host).filter { $0 != named }
        switch hosts.count {
        case 0: return ""
        case 1: return named == nil ? ", for \(hosts[0])" : ", also for \(hosts[0])"
        case 2 where named == nil: return ", for \(hosts[0]) and \(hosts[1])"
        default:
            let more = Format.count(hosts.count - (named == nil ? 1 : 0), "other site", "other sites")
            return named == nil ? ", for \(hosts[0]) and \(more)" : ", also for \(more)"
        }
    }

    /// Said here where the words of the state do not say it: a second factor helps against a password, and against no stolen session.
    private static func secondFactor(_ exposure: ExposureLiveness) -> String {
        let sessions = exposure.credentials.filter(\.kind.isSession)
        var words = ""
        if exposure.worst?.isSession == false, sessions.contains(where: { $0.state == .unknown }) {
            words = " Whether the stolen session still works is not known."
        }
        guard exposure.mfaEnabled == true, exposure.state == .live || exposure.state == .unknown else { return words }
        if sessions.contains(where: { $0.state != .neutralised }) { return words + " A second factor does not stop a stolen session." }
        // Of what is not malware's the words of the state say it.
        guard exposure.isFromMalware else { return words }
        return words + " A second factor is on; it does not stop a session that malware may have taken, too."
    }
}
