/// The users and groups that are offered: what a directory tells of a person that somebody who watches breaches needs, and no more.
///
/// `emails.primary` and `.display` are taken and kept but not published: Microsoft's validator fails on a schema that lists them.
extension SCIMResourceType {
    package static let user = SCIMResourceType(
        name: "User", endpoint: "/Users", about: "A person",
        schema: SCIMSchema(
            urn: "urn:ietf:params:scim:schemas:core:2.0:User", name: "User", about: "A person",
            attributes: [
                SCIMAttribute("userName", .string, "What the person signs in with. Unique, whatever its case is.").with {
                    $0.isRequired = true
                    $0.uniqueness = .server
                },
                SCIMAttribute("name", .complex, "The person's name.").with {
                    $0.subAttributes = [
                        SCIMAttribute("formatted", .string, "The whole name, as it is shown."),
                        SCIMAttribute("familyName", .string, "The family name."),
                        SCIMAttribute("givenName", .string, "The given name."),
                    ]
                },
                SCIMAttribute("displayName", .string, "The name as it is shown."),
                SCIMAttribute("title", .string, "What the person does: Controller."),
                // Required, because somebody is either watched or not; without a value it is true.
                SCIMAttribute("active", .boolean, "Whether the person works here: false deactivates.").with { $0.isRequired = true },
                SCIMAttribute("emails", .complex, "E-mail addresses. The primary one is watched, else the first for work.").with {
                    $0.isMultiValued = true
                    $0.subAttributes = [
                        SCIMAttribute("value", .string, "The address."),
                        SCIMAttribute("type", .string, "What it is for.").with { $0.canonicalValues = ["work", "home", "other"] },
                        SCIMAttribute("primary", .boolean, "Whether it is the preferred one.").with { $0.isPublished = false },
                        SCIMAttribute("display", .string, "The address as it is shown.").with { $0.isPublished = false },
                    ]
                },
            ],
            formerURNs: ["urn:scim:schemas:core:1.0", "urn:scim:schemas:core:2.0:User", "urn:scim:schemas:core:user:1.0"]),
        extensions: [enterprise],
        passedOver: [
            "nickname", "profileurl", "usertype", "preferredlanguage", "locale", "timezone", "password", "phonenumbers", "ims", "photos", "addresses",
            "groups", "entitlements", "roles", "x509certificates",
        ])

    package static let group = SCIMResourceType(
        name: "Group", endpoint: "/Groups", about: "A department: the people in it belong to it unless they name another themselves",
        schema: SCIMSchema(
            urn: "urn:ietf:params:scim:schemas:core:2.0:Group", name: "Group", about: "A department",
            attributes: [
                SCIMAttribute("displayName", .string, "The department's name. Unique, whatever its case is.").with {
                    $0.isRequired = true
                    $0.uniqueness = .server
                },
                SCIMAttribute("members", .complex, "The people in it.").with {
                    $0.isMultiValued = true
                    $0.subAttributes = [
                        SCIMAttribute("value", .string, "The id of a User or Group.").with {
                            $0.isCaseExact = true
                            $0.mutability = .immutable
                        },
                        SCIMAttribute("$ref", .reference, "Its address.").with {
                            $0.isCaseExact = true
                            $0.mutability = .immutable
                            $0.referenceTypes = ["User", "Group"]
                        },
                        SCIMAttribute("type", .string, "What it is.").with {
                            $0.mutability = .immutable
                            $0.canonicalValues = ["User", "Group"]
                        },
                        SCIMAttribute("display", .string, "Its name, as the client gave it.").with { $0.isPublished = false },
                    ]
                },
            ],
            formerURNs: ["urn:scim:schemas:core:1.0", "urn:scim:schemas:core:2.0:Group"]),
        extensions: [], passedOver: ["roles", "entitlements", "owners", "description"])

    package static let all = [user, group]

    private static let enterprise = SCIMSchema(
        urn: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", name: "Enterprise User", about: "What a company knows of a person",
        attributes: [
            SCIMAttribute("employeeNumber", .string, "The number of the person in the company."),
            SCIMAttribute("costCenter", .string, "The cost centre."),
            SCIMAttribute("organization", .string, "The organization."),
            SCIMAttribute("division", .string, "The division."),
            SCIMAttribute("department", .string, "The department."),
            SCIMAttribute("manager", .complex, "The person's manager.").with {
                $0.subAttributes = [
                    SCIMAttribute("value", .string, "The id of the manager's User.").with { $0.isCaseExact = true },
                    SCIMAttribute("$ref", .reference, "Its address.").with {
                        $0.isCaseExact = true
                        $0.referenceTypes = ["User"]
                    },
                    SCIMAttribute("displayName", .string, "The manager's name.").with { $0.isPublished = false },
                ]
            },
        ],
        formerURNs: [
            "urn:scim:schemas:extension:enterprise:1.0", "urn:scim:schemas:extension:enterprise:2.0:User",
            "urn:scim:schemas:extension:enterprise:1.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0",
        ])
}
