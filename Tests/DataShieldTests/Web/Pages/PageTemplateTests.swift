import Cryptography
import Foundation
import Testing

@testable import DataShield

@Suite struct PageTemplateTests {
    private func pages(_ directory: URL) throws -> Pages {
        let cookies = Cookies(isSecure: false)
        return try Pages(assets: "", flash: FlashSeal(key: .random(), cookies: cookies), cookies: cookies, directory: directory)
    }

    private func withCopy(_ body: (URL) throws -> Void) throws {
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("datashield-templates-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: try Pages.templatesDirectory, to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }  // try?: a temporary file that stays does no harm
        try body(copy)
    }

    @Test(arguments: Pages.templates + ["layout/app", "layout/gate", "layout/bare", "layout/head", "parts/badge", "parts/field"])
    func `a template that is missing is found at start, by its name`(_ name: String) throws {
        try withCopy { directory in
            _ = try pages(directory)
            try FileManager.default.removeItem(at: directory.appendingPathComponent("\(name).mustache"))
            let failure = #expect(throws: Pages.Failure.self) { try pages(directory) }
            #expect(failure?.description.contains(name) == true)
        }
    }

    @Test(arguments: StaticAssets.needed)
    func `a file that pages load is found at start to be missing or empty, by its name`(_ name: String) throws {
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("datashield-assets-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: try Pages.assetsDirectory, to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }  // try?: a temporary file that stays does no harm
        try StaticAssets.check(copy)
        let file = copy.appendingPathComponent(name)
        try Data().write(to: file)
        let empty = #expect(throws: Pages.Failure.self) { _ = try StaticAssets(directory: copy) }
        #expect(empty?.description.contains(name) == true)
        try FileManager.default.removeItem(at: file)
        let missing = #expect(throws: Pages.Failure.self) { _ = try StaticAssets(directory: copy) }
        #expect(missing?.description.contains(name) == true)
    }

    @Test func `the list of what pages load has all files but the licences, and all that templates name`() throws {
        let (assets, templates) = (try Pages.assetsDirectory, try Pages.templatesDirectory)
        let files = try FileManager.default.subpathsOfDirectory(atPath: assets.path).filter { $0.contains(".") && !$0.hasSuffix(".txt") }
        #expect(Set(files) == Set(StaticAssets.needed))
        for path in try FileManager.default.subpathsOfDirectory(atPath: templates.path) where path.hasSuffix(".mustache") {
            let text = try String(contentsOf: templates.appendingPathComponent(path), encoding: .utf8)
            let named = Set(text.matches(of: /\{\{assets\}\}\/([a-z0-9.\/-]+)/).map { String($0.1) })
            #expect(named.isSubset(of: StaticAssets.needed), "\(path)")
        }
    }

    @Test(arguments: [
        ("{{> parts/badge}}", ["parts/badge"]), ("a{{>x}}b{{> y/z }}c", ["x", "y/z"]), ("{{name}} {{#a}}{{/a}}", []), ("{{> open", []), ("", []),
    ])
    func `the parts of a template are found`(_ text: String, _ parts: [String]) {
        #expect(Pages.parts(of: text) == parts)
    }

    @Test func `every template that no other one names is in the list`() throws {
        let directory = try Pages.templatesDirectory
        var names: Set<String> = []
        var used: Set<String> = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory.path) where path.hasSuffix(".mustache") {
            names.insert(String(path.dropLast(".mustache".count)))
            used.formUnion(Pages.parts(of: try String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)))
        }
        let shown = names.subtracting(used).subtracting(Frame.Layout.allCases.map(\.rawValue))
        #expect(shown == Set(Pages.templates))
    }
}
