import HTTPTypes

/// What stands around a page's own content.
package struct Frame: Sendable {
    /// The title of the browser's window.
    package var title: String
    package var item: NavigationItem?
    package var layout: Layout
    /// Whether it is a form and little else: those are no wider than 640 pixels.
    package var isNarrow: Bool
    /// Whether what is shown comes from Have I Been Pwned, whose licence wants to be named.
    package var showsHIBP: Bool
    package var status: HTTPResponse.Status

    package init(
        _ title: String, in item: NavigationItem? = nil, layout: Layout = .app, isNarrow: Bool = false, showsHIBP: Bool = false,
        status: HTTPResponse.Status = .ok
    ) {
        self.title = title
        self.item = item
        self.layout = layout
        self.isNarrow = isNarrow
        self.showsHIBP = showsHIBP
        self.status = status
    }

    package enum Layout: String, CaseIterable, Sendable {
        /// With navigation, for whoever is signed in.
        case app = "layout/app"
        /// Sign-in and a new password.
        case gate = "layout/gate"
        /// Nothing around it.
        case bare = "layout/bare"
    }
}

/// A message on the next page after a form was taken.
package struct Flash: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable {
        case done, problem
    }
    package var kind: Kind
    package var text: String
    /// How what was done is undone; nil where it cannot be.
    package var undo: Undo?

    /// A form that undoes what was done.
    package struct Undo: Codable, Sendable, Hashable {
        /// Where it is sent.
        package var path: String
        /// What names what was done.
        package var token: String

        package init(path: String, token: String) {
            self.path = path
            self.token = token
        }
    }

    package static func done(_ text: String, undo: Undo? = nil) -> Flash { Flash(kind: .done, text: text, undo: undo) }
    package static func problem(_ text: String) -> Flash { Flash(kind: .problem, text: text) }
}

/// How somebody wants the frame; kept in the browser.
struct FrameWishes: Sendable {
    var theme = Theme.system
    /// Nil until somebody chose: then it goes by the width of the window.
    var navigation: NavigationFold?
}

/// Light, dark, or what the system says.
enum Theme: String, Codable, Sendable, CaseIterable {
    case light, dark, system
}

/// The left column with words, or with signs alone.
enum NavigationFold: String, Codable, Sendable, CaseIterable {
    case open, folded
}
