extension PrivateCluster {
    /// Why there is no private database. Each is one line that says what to do.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case noBinaries
        case otherVersion(data: Int, programs: [Int])
        case inUse
        case noAccount
        case otherOwner(String, owner: String, account: String)
        case closed(String, account: String)
        case notWritable(String)
        case noSocketDirectory(String)
        case damaged(String)
        case notMade(String)
        case notStarted(String)

        package var description: String {
            switch self {
            case .noBinaries:
                "There is no PostgreSQL \(ServerBinaries.oldest) or newer on this machine: install the package postgresql, or set DATABASE_URL."
            case .otherVersion(let data, let programs):
                "The data directory is of PostgreSQL \(data), but this machine has \(programs.map(String.init).joined(separator: ", ")): "
                    + "install postgresql-\(data), or choose another directory with DATASHIELD_DATA_DIR."
            case .inUse: "Another datashield runs on this data directory: stop it, or choose another with DATASHIELD_DATA_DIR."
            case .noAccount: "PostgreSQL does not run as root, and there is no user postgres: install the package postgresql, or run as another user."
            case .otherOwner(let path, let owner, let account):
                "The private database in \(path) is the user \(owner)'s, and the server is to run as \(account). Give it to that user, while nothing "
                    + "runs on it, with: chown --recursive \(account): \(path)"
            case .closed(let path, let account):
                "The user \(account), who runs the database, cannot enter \(path): choose another directory with DATASHIELD_DATA_DIR."
            case .notWritable(let path): "\(path) cannot be written: check its owner and the space on its disk."
            case .noSocketDirectory(let path): "There is no private place for the database's socket; \(path) is not ours alone."
            case .damaged(let file): "The database's file \(file) is damaged: restore the data directory from a backup."
            case .notMade(let words): "The database could not be made: \(words)"
            case .notStarted(let words): "The database did not start: \(words)"
            }
        }
    }
}
