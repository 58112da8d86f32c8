import Testing

@testable import PostgresCluster

@Suite struct ClusterCauseTests {
    @Test(arguments: [
        ("", "it said nothing"),
        (
            "creating configuration files ... ok\nrunning bootstrap script ... 2026-01-01 [7] FATAL:  could not write to file \"base/1\": No space left\n"
                + "child process exited with exit code 1\ninitdb: removing data directory \"/x\"\n",
            "could not write to file \"base/1\": No space left"
        ),
        (
            "initdb: error: invalid locale name \"C.UTF-8\"\ninitdb: hint: If the locale name is specific to ICU, use --icu-locale.\n",
            "invalid locale name \"C.UTF-8\""
        ),
        (
            "sh: 1: locale: not found\nchild process was terminated by signal 9\ninitdb: removing contents of data directory\n",
            "sh: 1: locale: not found"
        ),
        ("2026-01-01 LOG:  starting\n2026-01-01 FATAL:  first\n2026-01-01 LOG:  stopping\n2026-01-01 FATAL:  second\n", "first"),
        ("setpriv: failed to execute postgres: No such file or directory\n", "setpriv: failed to execute postgres: No such file or directory"),
        ("child process exited with exit code 1\n", "child process exited with exit code 1"),
    ])
    func `the first complaint is the cause`(log: String, cause: String) {
        #expect(ClusterDirectory.cause(in: log) == cause)
    }
}
