import Foundation
import LeakFiles

/// Reading of leak files by itself: a combolist of a gigabyte, page cache warm, against Hyperscan, ripgrep, DuckDB and the decompressors.
struct LeakSearchBenchmark: Benchmark {
    let name = "leaks"
    let summary = "watched addresses in combolists of 1 and 4 GB, packed and plain, and in stealer logs, against others' searches"

    private static let rounds = 5
    private static let size = 1_000_000_000

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "leak-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // a left-over temporary file harms nobody
        var list = Combolist(seed: 7)
        let companies = list.addresses(10_000) { Combolist.companies[$0.random.below(20)] }
        let gmail = list.addresses(5_000) { _ in "gmail.com" } + companies.prefix(5_000)
        let mixed = list.addresses(10_000) { $0.domain() }
        let million = list.addresses(1_000_000) { $0.domain() }
        let path = folder.appending(path: "combo.txt").path
        try list.write(bytes: Self.size, to: path, planting: companies + gmail)
        func addresses(_ name: String, _ addresses: [String]) throws -> String {
            let file = folder.appending(path: name)
            try (addresses.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
            return file.path
        }
        let (companyFile, gmailFile) = (try addresses("companies", companies), try addresses("gmail", gmail))

        var ours: [String: [Double]] = [:]
        var theirs: [String: [Double]] = [:]
        // In turn, so that whatever else the machine does meets all of them.
        for round in 0..<Self.rounds {
            for (name, watched) in [("companies", companies), ("gmail", gmail), ("mixed", mixed), ("million", million)] {
                ours[name, default: []].append(try await Self.rate([path], WatchList(watched)))
            }
            // Each takes long, Hyperscan minutes to build its tables, and once shows where they are.
            guard round == 0 else { continue }
            // try?: it may not get its tables built within the time that a peer has; then its row says that it is not known.
            if let rate = try? await Self.peer("hyperscan", path, companyFile) { theirs["hyperscan", default: []].append(rate) }
            theirs["duckdb", default: []].append(try await Self.peer("duckdb", path, gmailFile))
            theirs["rg", default: []].append(try await Self.command("rg", "rg --no-config -c -a -F -f '\(companyFile)' '\(path)' || true"))
        }
        func rate(_ name: String) -> Double { Figures.median(ours[name] ?? []) }
        func peer(_ name: String) -> Double { Figures.median(theirs[name] ?? []) }
        let company = "10,000 addresses on 20 company domains, 1 GB"
        var measurements: [Measurement] = [
            .atLeast(2, company, rate("companies"), unit: "GB/s"),
            .speed("… the same", rate("companies"), peer: "Hyperscan", peer("hyperscan"), atLeast: 1),
            .speed("… the same", rate("companies"), peer: "rg -F -f", peer("rg"), atLeast: 20),
            .atLeast(1, "10,000 addresses, half of them @gmail.com, 1 GB", rate("gmail"), unit: "GB/s"),
            .speed("… the same", rate("gmail"), peer: "DuckDB", peer("duckdb"), atLeast: 6),
            .speed("1,000,000 addresses mixed, 1 GB", rate("million"), peer: "10,000 mixed", rate("mixed"), atLeast: 0.7),
        ]
        measurements += try await packed(path, WatchList(companies))
        measurements += try await large(path, WatchList(companies))
        measurements.append(try await stealerLogs())
        return measurements
    }

    /// Bytes a second, in GB.
    private static func rate(_ paths: [String], _ watch: WatchList) async throws -> Double {
        let start = ContinuousClock.now
        let report = try await LeakReader(watch: watch, threads: 2).read(paths) { _ in }
        return Double(report.decodedBytes) / ((ContinuousClock.now - start) / .seconds(1)) / 1e9
    }

    private static func peer(_ engine: String, _ path: String, _ list: String) async throws -> Double {
        let python = ProcessInfo.processInfo.environment["BENCH_PYTHON"] ?? "python3"
        let text = try await Program.output("timeout", ["300", python, "Benchmarks/Peers/leaks.py", engine, path, list])
        guard let seconds = text.split(separator: " ").first.flatMap({ Double($0) }) else {
            throw Program.Failure(description: "\(engine) did not say how long it took: \(text)")
        }
        return Double(size) / seconds / 1e9
    }

    private static func command(_ name: String, _ line: String, bytes: Int = size) async throws -> Double {
        let start = ContinuousClock.now
        try await Program.output("sh", ["-c", line])
        return Double(bytes) / ((ContinuousClock.now - start) / .seconds(1)) / 1e9
    }

    /// Compressed files, against the decompressor alone.
    private func packed(_ path: String, _ watch: WatchList) async throws -> [Measurement] {
        var measurements: [Measurement] = []
        let tools = [("gz", "gzip -1 -k -c", "zcat"), ("zst", "zstd -q -3 -k -c", "zstd -q -dc")]
        for (ending, pack, unpack) in tools {
            try await Program.output("sh", ["-c", "\(pack) '\(path)' > '\(path).\(ending)'"])
            var ours: [Double] = []
            var theirs: [Double] = []
            for _ in 0..<Self.rounds {
                ours.append(try await Self.rate(["\(path).\(ending)"], watch))
                theirs.append(try await Self.command(unpack, "\(unpack) '\(path).\(ending)' > /dev/null"))
            }
            measurements.append(.speed(".\(ending) of 1 GB, decoded", Figures.median(ours), peer: unpack, Figures.median(theirs), atLeast: 0.8))
            try FileManager.default.removeItem(atPath: "\(path).\(ending)")
        }
        return measurements
    }

    /// Four times the file: the same speed, and no more memory.
    private func large(_ path: String, _ watch: WatchList) async throws -> [Measurement] {
        let fourfold = path + ".4"
        try await Program.output("sh", ["-c", "cat '\(path)' '\(path)' '\(path)' '\(path)' > '\(fourfold)'; cat '\(fourfold)' > /dev/null"])
        defer { try? FileManager.default.removeItem(atPath: fourfold) }  // as above
        let one = try await Self.rate([path], watch)
        // Beside what this program holds already: the lists of addresses of the other searches.
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let before = try Self.memory("VmRSS")
        let four = try await Self.rate([fourfold], watch)
        let peak = try Self.memory("VmHWM")
        return [
            .speed("4 GB", four, peer: "1 GB", one, atLeast: 0.8),
            .atMost(150, "… memory growth at its peak", peak - before, unit: "MB"),
        ]
    }

    /// What the kernel says of this program's memory, in MB; Linux only (proc(5): VmRSS now, VmHWM the most since it was set back).
    private static func memory(_ name: String) throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap({ Double($0) }).first
        else { throw Program.Failure(description: "The system does not say how much memory is used.") }
        return kilobytes / 1024
    }

    // MARK: Stealer logs

    /// What the published parser of Lexfo reads in a second on such a machine, measured once: see docs/benchmarks.md.
    private static let published = 11_800.0

    private func stealerLogs() async throws -> Measurement {
        var list = Combolist(seed: 9)
        let watched = list.addresses(10_000) { Combolist.companies[$0.random.below(20)] }
        let files = StealerArchive.files(machines: 1_000, credentials: 80, watched: watched, &list)
        let watch = WatchList(watched)
        var rates: [Double] = []
        for _ in 0..<Self.rounds {
            let start = ContinuousClock.now
            var collector = StealerLogCollector(watch: watch)
            for (path, content) in files {
                var interest = collector.interest(in: path)
                if interest == .look { interest = content.withUnsafeBytes { collector.interest(in: path, beginning: $0) } }
                guard case .whole = interest else { continue }
                content.withUnsafeBytes { collector.add(path, $0) }
                _ = collector.takeFinished()
            }
            _ = collector.finish()
            guard collector.credentialCount == 80_000 else {
                throw Program.Failure(description: "\(collector.credentialCount) credentials were read, and there are 80,000.")
            }
            rates.append(Double(collector.credentialCount) / ((ContinuousClock.now - start) / .seconds(1)))
        }
        return .rate(
            "Stealer logs of 1,000 machines, 80,000 credentials", Figures.median(rates), peer: "lexfo/stealer-parser, measured once", Self.published,
            atLeast: 10)
    }
}

extension Measurement {
    /// A speed in GB a second compared with a peer's.
    fileprivate static func speed(_ what: String, _ ours: Double, peer: String, _ theirs: Double, atLeast bar: Double) -> Measurement {
        let ratio = ours / theirs
        return Measurement(
            what: what, measured: "\(Figures.short(ours)) GB/s", peer: "\(peer): \(Figures.short(theirs)) GB/s", ratio: Figures.short(ratio),
            bar: "≥ \(Figures.short(bar))", isMet: ratio >= bar)
    }
}

/// The files of made-up stealer logs.
private enum StealerArchive {
    static func files(machines: Int, credentials: Int, watched: [String], _ list: inout Combolist) -> [(String, [UInt8])] {
        var files: [(String, [UInt8])] = []
        for machine in 0..<machines {
            let folder = "DE[\(String(UInt64(machine + 1) &* 0x9E37_79B9_7F4A_7C15, radix: 16, uppercase: true))] [2024-06-05T10_11_12.1234567]"
            var passwords = ""
            for number in 0..<credentials {
                let login = number == 7 ? watched[list.random.below(watched.count)] : "\(list.local())@mail.example"
                passwords +=
                    "URL: https://site\(number).example.org/login\r\nUsername: \(login)\r\nPassword: Invented:\(number)!\(machine)\r\n"
                    + "Application: Google_[Chrome]_Default\r\n===============\r\n"
            }
            let cookies = (0..<200).map { ".site\($0 % 90).example.org\tTRUE\t/\tTRUE\t1798761600\tname_\($0)\tINVENTED0123456789\r\n" }.joined()
            let system =
                "Build ID: x\r\nIP: 192.0.2.10\r\nFileLocation: C:\\x.exe\r\nMachineName: PC\r\nHWID: \(machine)\r\nLog date: 7/4/2024 5:43:07 PM\r\n"
            files.append(("\(folder)/Cookies/Google_[Chrome]_Default Network.txt", Array(cookies.utf8)))
            files.append(("\(folder)/Passwords.txt", Array(passwords.utf8)))
            files.append(("\(folder)/UserInformation.txt", Array(system.utf8)))
        }
        return files
    }
}
