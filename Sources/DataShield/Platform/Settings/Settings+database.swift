import Postgres

extension Settings {
    /// What is wrong with the way to the database, though it can be gone: lines that name the setting and say what to write.
    ///
    /// They do not stop the start, because an installation that has worked so far must come up again after an update.
    package var databaseComplaints: [String] {
        let urls = [("DATABASE_URL", databaseURL), ("DATABASE_APP_URL", databaseAppURL), ("DATABASE_SYSTEM_URL", databaseSystemURL)]
        return urls.compactMap { name, url in
            // try?: what cannot be read cannot be connected to either, and libpq says why.
            guard let url, let target = try? ConnectionTarget(url.value), target.canBeReadOnTheWay else { return nil }
            let way =
                target.namesService
                ? "names a service, and a service file may lead to another machine, without insisting on TLS"
                : "leads to another machine without insisting on TLS"
            return "\(name) \(way), so that the password and all data can be read on the way. "
                + "Write sslmode=verify-full and sslrootcert=FILE into it (postgresql://…/database?sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem), "
                + "or at least sslmode=require."
        }
    }
}
