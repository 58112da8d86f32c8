import LeakFiles
import Testing

@Suite struct ReadmeTests {
    @Test func `the example of the README finds one of two`() async throws {
        let scratch = try Scratch()
        try scratch.write("combo.txt", "vpn.acme.example:mara@acme.example:Winter2026!\nsomebody@else.example:secret\n")
        let folder = scratch.path
        var found: [String] = []
        // README
        let watch = WatchList(["mara@acme.example", "sam@acme.example"])
        let reader = LeakReader(watch: watch)
        var checkpoint: LeakCheckpoint?

        let report = try await reader.read([folder]) { batch in
            for record in batch.records {
                found.append("\(watch[record.address]) at \(record.site ?? "an unknown site"), in \(batch.part) from byte \(record.offset)")
            }
            // Kept along with what was found, it lets a later read go on from here: LeakResume(checkpoint: checkpoint).
            checkpoint = batch.checkpoint
        }
        // end of README
        #expect(found == ["mara@acme.example at vpn.acme.example, in \(folder)/combo.txt from byte 17"])
        #expect(report.outcomes.values.reduce(0, +) == 1)
        #expect(checkpoint == nil)
    }
}
