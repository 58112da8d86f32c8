import JSON

/// What the service can do, RFC 7643 §5.
package struct SCIMServiceProvider: Sendable, Hashable {
    package var bulkOperations: Int
    package var bulkBytes: Int

    package init(bulkOperations: Int, bulkBytes: Int) {
        self.bulkOperations = bulkOperations
        self.bulkBytes = bulkBytes
    }

    /// - Parameter base: the address of the service, without a slash at its end.
    package func body(base: String) -> JSONValue {
        [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": ["supported": true],
            "bulk": ["supported": true, "maxOperations": .integer(bulkOperations), "maxPayloadSize": .integer(bulkBytes)],
            "filter": ["supported": true, "maxResults": .integer(SCIMPageRequest.maximumCount)],
            "changePassword": ["supported": false],
            "sort": ["supported": true],
            "etag": ["supported": true],
            "authenticationSchemes": [
                [
                    "type": "oauthbearertoken", "name": "Bearer token",
                    "description": "The token that DataShield showed when the directory was connected, as Authorization: Bearer …",
                    "specUri": "https://www.rfc-editor.org/rfc/rfc6750", "primary": true,
                ]
            ],
            "meta": ["resourceType": "ServiceProviderConfig", "location": .string("\(base)/ServiceProviderConfig")],
        ]
    }
}
