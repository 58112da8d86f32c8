import Foundation
import Testing

@testable import DataShield

@Suite struct SSRFGuardTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "100.100.100.200", "127.0.0.1", "127.8.8.8",
        "169.254.0.1",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255",
        "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "168.63.129.16",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1", "64:ff9b::a00:1",
        "64:ff9b::7f00:1", "64:ff9b:1:a00:0:100:808:808", "64:ff9b:1::808:808",
        "2002:a00:1::", "2002:7f00:1::", "100::1", "2001::1", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "5f00::1",
        "3fff::1",
    ])
    func `a closed address is refused`(_ text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic == false)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::",
    ])
    func `a public address passes`(_ text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0x7f.1", "127.1", "2130706433", "017700000001", "localhost", "::g", "1.2.3.4 "])
    func `what is no address is none`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    private func check(_ url: String, allowed: [String] = [], addresses: [String] = []) async -> Result<String, OutboundFailure> {
        let ssrfGuard = SSRFGuard(allowed: allowed.compactMap { AllowedHost($0) }) { _ in addresses.compactMap { IPAddress($0) } }
        do {
            return .success(try await ssrfGuard.check(try #require(URL(string: url))).description)
        } catch {
            return .failure(error as? OutboundFailure ?? .other)
        }
    }

    @Test func `a name is as good as all of its addresses`() async {
        #expect(await check("https://a.example", addresses: ["8.8.8.8"]) == .success("8.8.8.8"))
        #expect(await check("https://a.example", addresses: ["8.8.8.8", "10.0.0.1"]) == .failure(.forbiddenAddress))
        #expect(await check("https://a.example", addresses: ["::ffff:10.0.0.1"]) == .failure(.forbiddenAddress))
        #expect(await check("https://a.example") == .failure(.unknownHost))
    }

    @Test func `numbers that the system would read as an address are resolved and refused`() async {
        // getaddrinfo reads 2130706433 and 0x7f.1 as 127.0.0.1.
        for host in ["2130706433", "0x7f.1", "127.1", "localhost"] {
            let result = await check("http://\(host)/", addresses: ["127.0.0.1"])
            #expect(result == .failure(.forbiddenAddress), "\(host)")
        }
        let real = SSRFGuard(allowed: [])
        await #expect(throws: OutboundFailure.forbiddenAddress) { try await real.check(try #require(URL(string: "http://localhost:1/"))) }
    }

    @Test func `only plain web addresses are called`() async {
        for url in ["ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8", "http://user:pw@8.8.8.8/", "http:///path"] {
            #expect(await check(url) == .failure(.invalidURL), "\(url)")
        }
    }

    @Test func `what the operator allows is reached`() async {
        #expect(await check("http://10.1.2.3/", allowed: ["10.0.0.0/8"]) == .success("10.1.2.3"))
        #expect(await check("http://11.1.2.3/", allowed: ["10.0.0.0/8"]) == .success("11.1.2.3"))
        #expect(await check("http://192.168.1.1/", allowed: ["10.0.0.0/8"]) == .failure(.forbiddenAddress))
        #expect(await check("http://ldap.internal/", allowed: ["ldap.internal"], addresses: ["10.0.0.1"]) == .success("10.0.0.1"))
        #expect(await check("http://other.internal/", allowed: ["ldap.internal"], addresses: ["10.0.0.1"]) == .failure(.forbiddenAddress))
        #expect(await check("http://[::1]:8080/", allowed: ["::1"]) == .success("::1"))
    }
}
