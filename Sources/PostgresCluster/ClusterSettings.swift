import Foundation
import Scalars

/// How the private server is set, on its command line, where no file can say otherwise.
struct ClusterSettings {
    let directory: ClusterDirectory
    let sockets: URL

    var arguments: [String] {
        settings.flatMap { ["-c", "\($0.0)=\($0.1)"] }
    }

    private var settings: [(String, String)] {
        [
            // No network at all: a socket in a directory that only the server's user and root can enter.
            ("listen_addresses", ""), ("port", "5432"), ("unix_socket_directories", quoted(sockets.path)),
            ("hba_file", directory.hostBasedAccess.path), ("ident_file", directory.identities.path),
            ("max_connections", "100"),
            // A machine with two cores and little else to do; half a gigabyte in all at most.
            ("shared_buffers", "192MB"), ("effective_cache_size", "1GB"), ("work_mem", "16MB"), ("maintenance_work_mem", "96MB"),
            ("max_wal_size", "2GB"), ("wal_compression", "on"), ("random_page_cost", "1.1"),
            // Queries are short: to compile them costs more than it gives, and other requests need the other core.
            ("jit", "off"), ("max_parallel_workers_per_gather", "0"), ("max_parallel_workers", "2"), ("max_worker_processes", "4"),
            // Nobody copies the log away.
            ("wal_level", "minimal"), ("max_wal_senders", "0"),
            ("timezone", "UTC"), ("log_timezone", "UTC"), ("cluster_name", "datashield"),
            // No statement, value or key in the log: they hold addresses.
            ("log_min_messages", "warning"), ("log_min_error_statement", "panic"), ("log_error_verbosity", "terse"),
            ("log_line_prefix", "%m [%p] "), ("logging_collector", "off"),
        ]
    }

    /// One entry of a list, whatever characters it has.
    private func quoted(_ path: String) -> String {
        "\"" + path.swapping("\"", for: "\"\"") + "\""
    }
}
