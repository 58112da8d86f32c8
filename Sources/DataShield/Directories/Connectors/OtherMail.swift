/// Whether a directory's further addresses of people, which may be private ones, are watched.
enum OtherMail {
    /// - Parameter what: how the directory calls them.
    static func field(_ what: String) -> DirectoryKind.Field {
        .init(
            "watchOtherMail", "Watch other addresses",
            hint: "yes looks people's \(what) up as well, which may be private ones; no leaves them out. Aliases are looked up in either case.",
            isOptional: true, choices: ["yes", "no"], standard: "yes")
    }

    /// Connections that were made before there was the choice watch them.
    static func isWatched(_ configuration: DirectoryConfiguration) -> Bool { configuration["watchOtherMail"] != "no" }
}
