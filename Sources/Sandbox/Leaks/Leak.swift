import Foundation

/// That an address is in a leak, as a service that sells collections has it: with the values, all of them made up.
struct Leak: Sendable {
    enum Kind: Sendable {
        /// The database of a site.
        case site
        /// Collected from many leaks.
        case compilation
        /// What malware took from a machine.
        case stealerLog
    }

    var address: String
    /// The name for people.
    var title: String
    /// The site, when there is one.
    var domain: String
    /// A day, `2013-10-04`.
    var date: String
    var records: Int
    var kind: Kind
    /// Values by the field they are of; never the address itself.
    var values: [Field: String]

    enum Field: String, Sendable, CaseIterable {
        case username
        case password
        case hash
        case salt
        case name
        case phone
        case ip
        case street
        case city
        case zip
        case birthday
        case gender
        case company
        /// The site at which a stolen password was typed.
        case url
    }

    subscript(_ field: Field) -> String? { values[field] }

    /// The title with the site's ending, where the title is the site's name: `Adobe` of adobe.com as `Adobe.com`.
    var titleWithEnding: String {
        guard isNamedAfterDomain, let ending = domain.split(separator: ".").last else { return title }
        return "\(title).\(ending)"
    }

    var isNamedAfterDomain: Bool {
        let labels = domain.split(separator: ".")
        return labels.count == 2 && Self.letters(title) == Self.letters(String(labels[0]))
    }

    private static func letters(_ text: String) -> String { text.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// `152M`, `90K`, as lists of leaks write sizes.
    var size: String {
        records >= 1_000_000 ? "\(records / 1_000_000)M" : records >= 1_000 ? "\(records / 1_000)K" : "\(records)"
    }
}
