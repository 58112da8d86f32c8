import Testing

@testable import Cryptography

@Suite struct ReadmeTests {
    @Test func `the example of the README does what it says`() throws {
        // README
        let key = SymmetricKey.random()
        let sealed = try AESGCM.seal(Array("secret".utf8), with: key, authenticating: Array("where it belongs".utf8))
        let opened = try AESGCM.open(sealed[...], with: key, authenticating: Array("where it belongs".utf8))
        // end of README
        #expect(opened == Array("secret".utf8))
    }
}
