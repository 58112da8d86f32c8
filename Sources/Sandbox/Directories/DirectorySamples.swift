import Cryptography
import Foundation
import Synchronization

/// Configurations that the stand-ins of directories take, by the names of the product's fields. What is secret in them is made up.
package enum DirectorySamples {
    package static let entra = [
        "tenantId": "8a6c2f0e-3b1d-4e57-9c48-1f2a7d5b6e90", "clientId": "5f0d9b7a-64c3-4a18-b2e1-7c9d3e8f1a24",
        "clientSecret": "made-up~client.secret_of-the-sandbox",
    ]
    package static let okta = ["domain": "acme.okta.example", "apiToken": "00madeUpTokenOfTheSandboxAbcdefghijklmnopq"]
    package static let aws = [
        "accessKeyId": "AKIASANDBOXEXAMPLE00", "secretAccessKey": "made/up+secret+of+the+sandbox/0123456789", "region": "eu-central-1",
        "identityStoreId": "d-1234567890",
    ]

    /// A service account's; the key is made once in a process.
    package static func google(domain: String = DemoCompany.domain) throws -> [String: String] {
        var sample = googleWithoutKey(domain: domain)
        sample["privateKey"] = try GoogleAccount.keyPEM()
        return sample
    }

    package static func googleWithoutKey(domain: String) -> [String: String] {
        ["serviceAccountEmail": GoogleAccount.email, "delegatedAdminEmail": GoogleAccount.admin(domain), "domain": domain]
    }
}

/// The service account that the stand-in of Google knows.
enum GoogleAccount {
    static let email = "sync@sandbox-project.iam.gserviceaccount.com"
    static func admin(_ domain: String) -> String { "directory-admin@\(domain)" }

    private static let made = Mutex<RSAPrivateKey?>(nil)

    private static func key() throws -> RSAPrivateKey {
        try made.withLock { made in
            if let made { return made }
            let key = try RSAPrivateKey.generate()
            made = key
            return key
        }
    }

    static func keyPEM() throws -> String { try key().pem() }
    static func publicKeyPEM() throws -> String { try key().publicKey.pem() }

    /// The key file, as the console of Google gives it.
    static func keyFile() throws -> [String: Any] {
        [
            "type": "service_account", "project_id": "sandbox-project", "private_key_id": "0000000000000000000000000000000000000000",
            "private_key": try keyPEM(), "client_email": email, "client_id": "100000000000000000000",
            "token_uri": "https://oauth2.googleapis.com/token",
        ]
    }
}
