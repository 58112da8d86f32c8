import HTTPTypes
import Scalars

/// How often somebody may take something out as a file. Each time is an event of the trail, however many there are, and nobody may fill it by
/// that. It holds for one process.
struct ExportLimit: Sendable {
    /// More than anybody takes by hand, over all that can be taken.
    static let perMinute = 30

    /// How the paths of exports end.
    private static let ends: Set<String> = ["export", "rejected"]

    private let limit: AuditLimit

    init(now: @escaping Now) { limit = AuditLimit(Self.perMinute, now: now) }

    struct TooMany: RetryLater, Equatable {
        var status: HTTPResponse.Status { .tooManyRequests }
        var retryAfterSeconds: Int { Int(AuditLimit.window) }
        var detail: String { "You may export \(ExportLimit.perMinute) files a minute. Try again in a minute." }
    }

    /// Counts a request, where it is one for an export.
    /// - Throws: ``TooMany``.
    func admit(_ signedIn: SignedIn, _ route: RegisteredRoute) throws {
        guard let end = route.path.parts(between: "/").last, Self.ends.contains(String(end)) else { return }
        guard limit.admits("\(signedIn.user)") else { throw TooMany() }
    }
}
