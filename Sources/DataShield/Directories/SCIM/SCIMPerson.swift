import Foundation
import JSON
import SCIM

/// What a SCIM user says of a person, in our terms.
///
/// The address is the primary one, else the first for work, else the first, else the user name; of these the first that is an address. That of
/// an account that Entra has deleted is the one before (``SCIMTombstone``).
/// A text that no employee can have (too long, a control character in it) counts as not given.
struct SCIMPerson: Sendable, Hashable {
    var person: ProvisionedPerson
    /// The other addresses that are watched for them: all that are addresses, and the user name when it is one.
    var furtherAddresses: [EmailAddress]
    /// All addresses, folded: for look-ups.
    var addresses: [String]

    /// - Parameter groupDepartment: the department of a group that the person is in, for who names none.
    init(_ attributes: SCIMAttributes, groupDepartment: String? = nil) {
        let emails = attributes["emails"]?.items ?? []
        let addresses = emails.compactMap { $0["value"]?.text }
        let ordered =
            emails.filter { $0["primary"] == true } + emails.filter { $0["type"]?.text.map { SCIMText.isSame($0, "work") } ?? false } + emails
        let candidates = ordered.compactMap { $0["value"]?.text } + [attributes["userName"]?.text ?? ""]
        // try?: what is no address is passed over for the next.
        let email = candidates.lazy.compactMap { try? EmailAddress(SCIMTombstone.original($0) ?? $0) }.first
        person = ProvisionedPerson(
            email: email, firstName: Self.clean(attributes.value("name", "givenName")), lastName: Self.clean(attributes.value("name", "familyName")),
            displayName: Self.clean(attributes["displayName"]) ?? Self.clean(attributes.value("name", "formatted")),
            department: Self.department(attributes) ?? groupDepartment, title: Self.clean(attributes["title"]),
            externalId: Self.clean(attributes["externalId"]), isActive: attributes["active"] != false,
            isAddressOpaque: email.map { SCIMTombstone.isOpaque($0) } ?? false)
        // try?: as above. An id is nothing that anybody is found by.
        let others = candidates.compactMap { try? EmailAddress(SCIMTombstone.original($0) ?? $0) }.filter {
            $0 != email && !SCIMTombstone.isOpaque($0)
        }
        furtherAddresses = Array(Set(others)).sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
        self.addresses = Array(Set(addresses.map { SCIMText.folded($0) })).sorted()
    }

    /// The department that the person names.
    static func department(_ attributes: SCIMAttributes) -> String? {
        clean(attributes.value("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "department"))
    }

    static func clean(_ value: JSONValue?) -> String? {
        guard let text = value?.text else { return nil }
        // try?: a text that no employee can have is one that was not given.
        return (try? EmployeeText.clean(text)).nonEmpty
    }
}
