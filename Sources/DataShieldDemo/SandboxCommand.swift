import ArgumentParser
import DataShield
import DataShieldCommand
import Foundation
import Logging
import Sandbox
import ServiceLifecycle

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Runs stand-ins of the breach-intelligence services and of directories on this machine, for trying things out.",
        discussion: "It prints the settings that make the program ask them, and keys that they take.")

    @Option(help: "The port to listen at; 0 is any free one.")
    var port = 8081

    @Option(help: "A domain that counts as verified, for domain search.")
    var domain: String?

    @Option(help: ArgumentHelp("How many made-up people of that domain there are.", valueName: "count"))
    var people = DemoCompany.people.count

    @Option(help: ArgumentHelp("Requests a minute that are let through; unlimited when not given.", valueName: "count"))
    var rate: Int?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port has to be within 0 and 65535.") }
        guard people >= 0 else { throw ValidationError("--people cannot be negative.") }
        guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate has to be at least 1.") }
    }

    func run() async throws {
        var configuration = Sandbox.Configuration()
        configuration.port = port
        configuration.staff.people = people
        if let domain { configuration.staff.domain = domain.lowercased() }
        if let domain { configuration.domains = [domain: DemoCompany.makePeople(people, domain: domain).map(\.alias)] }
        if let rate {
            configuration.rateLimit = RateLimit(requests: rate)
            configuration.plan.requestsPerMinute = rate
        }
        let logger = Logger.standard(.warning)
        let sandbox = try Sandbox(configuration: configuration, logger: logger)
        let staff = configuration.staff.domain
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ServiceGroup.run([sandbox], logger: logger) }
            group.addTask {
                let url = try await sandbox.url()
                Output.line("The sandbox listens on \(url)")
                for provider in ApiProvider.allCases {
                    let service = provider.standIn
                    Output.line("  DATASHIELD_PROVIDER_URL_\(provider.rawValue)=\(url)\(service.path)  key: \(service.sampleKey)")
                }
                for type in DirectoryType.allCases {
                    guard let sample = type.sandboxSample(domain: staff) else { continue }
                    let fields = sample.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
                    Output.line("  DATASHIELD_DIRECTORY_URL_\(type.rawValue)=\(url)  \(fields)")
                }
                Output.line("  The private key of Google's service account is at \(url)/_sandbox/google-key.")
            }
            try await group.waitForAll()
        }
    }
}

extension DirectoryType {
    /// A configuration that the stand-in of this directory takes; nil where there is no stand-in. Google's key is fetched from it.
    func sandboxSample(domain: String) -> [String: String]? {
        switch self {
        case .entra: DirectorySamples.entra
        case .google: DirectorySamples.googleWithoutKey(domain: domain)
        case .okta: DirectorySamples.okta
        case .aws: DirectorySamples.aws
        case .ldap, .scim: nil
        }
    }
}

extension ApiProvider {
    /// The stand-in that this provider asks.
    var standIn: SandboxService {
        switch self {
        case .hibp, .hibpStealer: .hibp
        case .dehashed: .dehashed
        case .leakcheck: .leakcheck
        case .intelx: .intelx
        case .snusbase: .snusbase
        }
    }
}
