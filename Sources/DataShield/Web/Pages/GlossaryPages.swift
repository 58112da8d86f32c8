import Hummingbird

/// What the words of the pages mean, `glossary/show`.
struct GlossaryModel: Sendable {
    var terms: [Term]

    struct Term: Sendable {
        /// Links to `/glossary#id` lead to it.
        var id: String
        var word: String
        var meaning: String
    }
}

/// | Method | Path        | Permission |
/// |--------|-------------|------------|
/// | GET    | `/glossary` | signed in  |
package struct GlossaryPages: Sendable {
    let pages: Pages

    package func add(to routes: PageRoutes) {
        routes.get("/glossary", .signedIn) { request, context in
            pages.show("glossary/show", GlossaryModel(terms: Self.terms), Frame("What the words mean", isNarrow: true), for: request, context)
        }
    }

    static let terms: [GlossaryModel.Term] = [
        .init(
            id: "live", word: "Live",
            meaning: """
                Somebody can still use it: a session that has not ended since, or a password for one of your own sites, or taken by malware, that is \
                newer than the last change.
                """),
        .init(
            id: "reused", word: "Live if reused",
            meaning: """
                A password of somebody else's site, newer than the last change at work. It opens the work account only if the person uses the same \
                password there.
                """),
        .init(
            id: "not-known", word: "Not known",
            meaning: """
                Nobody can tell whether it still works: the date is missing, no directory says when the password was changed, or the source does not \
                say what was taken.
                """),
        .init(
            id: "neutralised", word: "Neutralised",
            meaning: """
                After it was exposed, the password was changed, the session ended or the account disabled. The account no longer opens with it. \
                An application that keeps sessions of its own may still take a stolen one.
                """),
        .init(
            id: "no-credential", word: "No credential",
            meaning: "There is nothing in it to sign in with, such as names and telephone numbers, and the source would have said so."),
        .init(
            id: "exposed", word: "Exposed",
            meaning: "A source or a leak file has something about this person. It may be old, and it may be neutralised: the state says that."),
        .init(
            id: "coverage", word: "Coverage",
            meaning: "Which people each source was asked about, and which of them it answered for. Nobody counts as clean without an answer."),
        .init(
            id: "limit", word: "Limit",
            meaning: """
                The most people whose accounts DataShield acts on within some hours. At one person more, everything stops until an administrator \
                resumes it. So no mistake locks a whole company out.
                """),
        .init(
            id: "dry-run", word: "Dry run", meaning: "A page that shows what would happen to which accounts. Nothing happens until you confirm it."),
        .init(
            id: "stealer-log", word: "Stealer log",
            meaning: "What malware took from one machine: saved passwords, cookies of signed-in sessions, and notes on the machine itself."),
    ]
}
