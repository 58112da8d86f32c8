import ArgumentParser
import DataShield
import Foundation

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Makes users, and gives them new passwords.", subcommands: [Create.self, ResetPassword.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a user of a company.",
            discussion: "Without --password-stdin a password for the first sign-in is made and printed.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        @Option(help: "The address the user signs in with.")
        var email: String

        @Option(help: "ADMIN or VIEWER.")
        var role: Role = .viewer

        @Option(help: "How the user is shown.")
        var name: String?

        @Flag(help: "Read the password from standard input: its first line.")
        var passwordStdin = false

        func run() async throws {
            let password = passwordStdin ? try StandardInput.line(for: "a password") : nil
            let (email, name, role, company) = (email, name, role, company)
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                let made = try await application.users.create(
                    .init(email: email, name: name, role: role, password: password), mustChangePassword: password == nil, by: subject)
                Output.line("Made \(made.user.email), \(role.rawValue).")
                if let password = made.password { Output.line("Password for the first sign-in: \(password)") }
            }
        }
    }
}

extension UserCommand {
    struct ResetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-password", abstract: "Gives a user a new first password, which they change when they sign in.",
            discussion: """
                It is good for a week. All their sessions end, and they may try it at once, however often they failed before. Without \
                --password-stdin one is made and printed.
                """)

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        @Option(help: "The address the user signs in with.")
        var email: String

        @Flag(help: "Read the password from standard input: its first line.")
        var passwordStdin = false

        func run() async throws {
            let given = passwordStdin ? try StandardInput.line(for: "a password") : nil
            let (email, company) = (email, company)
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                let user = try await application.users.find(email: email, for: subject)
                let password = given ?? Users.makePassword()
                _ = try await application.users.update(user.id, .init(password: password), by: subject)
                Output.line("\(user.email) has a new first password, good for a week.")
                if given == nil { Output.line("Password for the first sign-in: \(password)") }
            }
        }
    }
}

extension Role: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}

/// What is typed or piped in, for what must not be an argument.
enum StandardInput {
    /// The first line, without its end.
    /// - Throws: ``CommandFailure`` when there is none.
    static func line(for what: String) throws -> String {
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw CommandFailure("There is nothing on standard input where \(what) should be.")
        }
        return line
    }

    /// All lines, without their ends.
    static func lines() -> [String] {
        var lines: [String] = []
        while let line = readLine(strippingNewline: true) { lines.append(line) }
        return lines
    }
}
