"""The checks, checked: each is shown something that it has to refuse, in a small tree of its own, and says what is wrong."""

import tempfile
import unittest
from pathlib import Path

import dead
import edges
import migrations
import readmes
import sleeps
import source
import tables
import templates
import version


class Tree(unittest.TestCase):
    """A repository of a few files."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def found(self, check):
        return [str(finding) for finding in check.check(self.root)]


class SourceTests(unittest.TestCase):
    def test_code_is_told_from_comments_and_texts(self):
        file = source.SwiftFile("a.swift", 'let a = "x // \\(b("inner")) y" // Alert\n/* Alert /* again */ Alert */ let c = #"raw " \\n \\#(d) "#\n')
        self.assertEqual(file.code.split(), ["let", "a", "=", "b(", ")", "let", "c", "=", "d"])
        self.assertEqual([literal.text for literal in file.literals], ["inner", "x // \\(…) y", 'raw " \\n \\(…) '])

    def test_a_text_of_several_lines_keeps_the_lines(self):
        file = source.SwiftFile("a.swift", 'let a = """\n  FROM alerts "quoted"\n  """\nlet b = 1\n')
        self.assertEqual(file.code.count("\n"), 4)
        self.assertEqual(file.declarations[1].line, 4)
        self.assertIn('"quoted"', file.literals[0].text)

    def test_quotation_marks_in_a_raw_text_begin_no_text_of_several_lines(self):
        file = source.SwiftFile("a.swift", 'let a = [#""""#, #"""#, "", #""]\nlet b = 1\n'.replace('#""]', '#""#]'))
        self.assertEqual([literal.text for literal in file.literals], ['""', '"', "", ""])
        self.assertEqual(file.code.split("\n")[1], "let b = 1")

    def test_declarations_know_what_they_stand_in(self):
        code = (
            "package struct Alert {\n    let id: Int\n    enum State { case open }\n    func move() { let local = 1 }\n}\n"
            "private extension Alert { var hidden: Int { 1 } }\nfunc free() {}\n"
        )
        found = {(one.kind, one.name): one for one in source.SwiftFile("a.swift", code).declarations}
        self.assertNotIn(("let", "local"), found)
        self.assertEqual(found["case", "open"].scope, (("struct", "Alert"), ("enum", "State")))
        self.assertTrue(found["var", "hidden"].is_private)
        self.assertTrue(found["func", "free"].is_at_file_scope)

    def test_folders(self):
        self.assertEqual(source.folder_of("Sources/DataShield/Alerts/Alert.swift"), "Alerts")
        self.assertEqual(source.folder_of("Sources/DataShield/Directories/SCIM/SCIMRoutes.swift"), "Directories/SCIM")
        self.assertEqual(source.folder_of("Sources/DataShield/Web/HTTP/Door/ConnectionDoor.swift"), "Web/HTTP")
        self.assertEqual(source.folder_of("Sources/DataShield/Platform/JSON/JSONValue.swift"), "Platform/JSON")
        self.assertEqual(source.folder_of("Sources/DataShield/Application+build.swift"), "Application")
        self.assertEqual(source.folder_of("Sources/Jobs/Job.swift"), "Jobs")


class EdgeTests(Tree):
    def setUp(self):
        super().setUp()
        self.write("Sources/DataShield/Tenancy/Company.swift", "package struct Company {}\n")
        self.write("Sources/DataShield/Alerts/Alert.swift", "struct Alert {\n    // Not a Machine.\n    let company: Company\n}\n")
        self.write(
            "Sources/DataShield/Machines/Machine.swift",
            "struct Machine {\n    let text = \"Alert\"\n}\n"
            "extension Company { var machines: Int { 1 } }\n")
        self.write("Sources/DataShield/Application.swift", "struct Application { let all: (Alert, Machine) }\n")
        self.allow("Tenancy\nMachines\n  names Tenancy\nAlerts\n  names Tenancy\n")

    def allow(self, text):
        self.write(edges.LIST, text)

    def test_what_is_allowed_passes(self):
        self.assertEqual(self.found(edges), [])

    def test_an_edge_that_is_not_allowed_is_refused_where_it_is(self):
        self.write("Sources/DataShield/Alerts/AlertPages.swift", "struct AlertPages {\n    let machine: Machine\n}\n")
        self.assertEqual(
            self.found(edges),
            [f"Sources/DataShield/Alerts/AlertPages.swift:2: Alerts may not name Machines, by Machine; {edges.LIST} does not allow it"])

    def test_an_edge_that_goes_back_is_called_so(self):
        self.write("Sources/DataShield/Tenancy/Companies.swift", "func latest() -> Alert? { nil }\n")
        self.assertEqual(
            self.found(edges),
            [f"Sources/DataShield/Tenancy/Companies.swift:1: Tenancy goes back to Alerts, by Alert; {edges.LIST} does not allow it"])

    def test_an_edge_that_goes_back_needs_a_reason(self):
        self.write("Sources/DataShield/Tenancy/Companies.swift", "func latest() -> Alert? { nil }\n")
        self.allow("Tenancy\n  back Alerts:\nMachines\n  names Tenancy\nAlerts\n  names Tenancy\n")
        self.assertEqual(self.found(edges), [f"{edges.LIST}: Tenancy goes back to Alerts without a reason"])
        self.allow("Tenancy\n  names Alerts\nMachines\n  names Tenancy\nAlerts\n  names Tenancy\n")
        self.assertEqual(self.found(edges), [f"{edges.LIST}: Tenancy goes back to Alerts: list it as “back Alerts: reason”"])
        self.allow("Tenancy\n  back Alerts: the page of a company shows the latest\nMachines\n  names Tenancy\nAlerts\n  names Tenancy\n")
        self.assertEqual(self.found(edges), [])

    def test_a_member_of_an_extension_is_an_edge_too(self):
        self.write("Sources/DataShield/Alerts/AlertPages.swift", "func count(_ company: Company) -> Int { company.machines }\n")
        self.assertEqual(
            self.found(edges),
            [f"Sources/DataShield/Alerts/AlertPages.swift:1: Alerts may not name Machines, by machines; {edges.LIST} does not allow it"])

    def test_an_edge_that_is_gone_is_taken_out(self):
        self.allow("Tenancy\nMachines\n  names Tenancy\nAlerts\n  names Machines, Tenancy\n")
        self.assertEqual(self.found(edges), [f"{edges.LIST}: Alerts no longer names Machines: take it out"])

    def test_a_folder_that_is_new_or_gone(self):
        self.write("Sources/DataShield/Reports/Report.swift", "struct Report {}\n")
        (self.root / "Sources/DataShield/Machines/Machine.swift").unlink()
        self.assertEqual(
            self.found(edges),
            [f"{edges.LIST}: the folder Reports is not in the list: put it where it belongs, from the ground up",
             f"{edges.LIST}: there is no folder Machines any more"])

    def test_writing_the_list_anew_keeps_order_and_reasons(self):
        self.write("Sources/DataShield/Tenancy/Companies.swift", "func latest() -> (Alert, Machine)? { nil }\n")
        self.allow("# Read me.\nTenancy\n  back Alerts: shows the latest\nMachines\nAlerts\n  names Tenancy, Machines\n")
        edges.rewrite(self.root)
        self.assertEqual(
            (self.root / edges.LIST).read_text(encoding="utf-8"),
            "# Read me.\n\nTenancy\n  back Alerts: shows the latest\n  back Machines: \nMachines\n  names Tenancy\nAlerts\n  names Tenancy\n")
        self.assertEqual(self.found(edges), [f"{edges.LIST}: Tenancy goes back to Machines without a reason"])

    def test_pairs_that_go_both_ways_are_counted(self):
        self.write("Sources/DataShield/Tenancy/Companies.swift", "func latest() -> Alert? { nil }\n")
        self.assertEqual(edges.mutual_pairs(edges.used_edges(self.root)), [("Alerts", "Tenancy")])


class TableTests(Tree):
    def setUp(self):
        super().setUp()
        self.write(
            "Sources/DataShield/Resources/Migrations/0001_first.sql",
            "CREATE TABLE alerts (id text, status text, state text);\nCREATE TABLE old (id text); -- CREATE TABLE not_this\n"
            "DROP TABLE old;\nCREATE TABLE employees (id text);\n")
        self.write("Sources/DataShield/Alerts/AlertStore.swift", 'let all = "SELECT id FROM alerts WHERE status = \'OPEN\' FOR UPDATE"\n')
        self.write("Sources/DataShield/Employees/EmployeeStore.swift", 'let all = "SELECT * FROM employees"\n')
        self.write("Sources/DataShield/Exposure/Recorder.swift", 'let set = "UPDATE alerts SET state = 1"\n')
        self.own()

    def own(self, more=""):
        self.write(tables.LIST, "alerts Alerts\nalerts.state Exposure\nemployees Employees\n" + more)

    def test_owners_read_and_write_their_own(self):
        self.assertEqual(tables.tables_of_schema(self.root), {"alerts", "employees"})
        self.assertEqual(self.found(tables), [])

    def test_somebody_elses_table_is_refused_where_it_is_named(self):
        self.write(
            "Sources/DataShield/Dashboards/Dashboards.swift",
            'let a = """\n    SELECT *\n    FROM employees e, alerts a\n    """\nlet b = "DELETE FROM alerts"\n')
        self.assertEqual(
            self.found(tables),
            [f"Sources/DataShield/Dashboards/Dashboards.swift:3: Dashboards reads employees of Employees; {tables.LIST} does not allow it",
             f"Sources/DataShield/Dashboards/Dashboards.swift:3: Dashboards reads alerts of Alerts; {tables.LIST} does not allow it",
             f"Sources/DataShield/Dashboards/Dashboards.swift:5: Dashboards writes alerts of Alerts; {tables.LIST} does not allow it"])

    def test_each_way_to_name_a_table(self):
        for text, what in {
            "INSERT INTO alerts (id) VALUES (1)": "writes", "UPDATE alerts SET (status, id) = (1, 2)": "writes", "TRUNCATE alerts": "writes",
            "DELETE FROM alerts USING x": "writes", "COPY alerts FROM STDIN": "writes", "MERGE INTO alerts USING x": "writes",
            "SELECT 1 FROM x JOIN alerts ON true": "reads",
            "UPDATE x SET y = 1 FROM alerts": "reads", "SELECT 1 FROM ONLY alerts": "reads",
            "SELECT 1 FROM unnest(\\(…)) AS u (id), alerts a": "reads", "SELECT 1 FROM (SELECT 1 FROM (x)) y, LATERAL f(1), alerts": "reads",
            "SELECT 1 FROM x JOIN y USING (id), alerts": "reads", "SELECT 1 FROM x AS z (a, b), alerts": "reads",
            "SELECT 1 FROM public.alerts": "reads", 'DELETE FROM "alerts"': "writes", 'UPDATE \\"public\\".\\"alerts\\" SET x = 1': "writes",
        }.items():
            self.assertEqual({use[0] for use in tables.uses_in(text, {"alerts"})}, {what}, text)
        for text in (
            "SELECT a IS DISTINCT FROM alerts", "WITH alerts AS (SELECT 1) SELECT * FROM alerts", "SELECT * FROM alerts(1)",
            "SELECT alerts FROM x", "SELECT extract(epoch FROM (a - b)), alerts FROM x", "SELECT a IS DISTINCT FROM (b), alerts",
            "SELECT 1 FROM x, alerts(1) AS y (alerts)", "ON CONFLICT DO UPDATE SET x = 1", "We hear from alerts.",
        ):
            self.assertEqual(list(tables.uses_in(text, {"alerts"})), [], text)
        self.write("Sources/DataShield/Dashboards/Dashboards.swift", 'try await db.copyIn(\n    "alerts", columns: [])\n')
        self.assertEqual(
            self.found(tables),
            [f"Sources/DataShield/Dashboards/Dashboards.swift:2: Dashboards writes alerts of Alerts; {tables.LIST} does not allow it"])

    def test_a_column_may_have_an_owner_of_its_own(self):
        self.write("Sources/DataShield/Alerts/AlertStore.swift", 'let a = "UPDATE alerts SET status = coalesce(1, 2), state = 3 WHERE true"\n')
        self.assertEqual(
            self.found(tables),
            [f"Sources/DataShield/Alerts/AlertStore.swift:1: Alerts writes alerts.state of Exposure; {tables.LIST} does not allow it"])

    def test_leave_needs_a_reason_and_a_use(self):
        self.write("Sources/DataShield/Dashboards/Dashboards.swift", 'let a = "SELECT 1 FROM alerts"\n')
        self.own("Dashboards reads alerts: it counts what is open\n")
        self.assertEqual(self.found(tables), [])
        self.own("Dashboards reads alerts, employees:\n")
        self.assertEqual(
            self.found(tables),
            [f"{tables.LIST}: Dashboards reads alerts without a reason",
             f"{tables.LIST}: Dashboards reads employees is not needed (any more): take it out"])

    def test_a_wrong_owner_is_told(self):
        self.write(tables.LIST, "alerts Dashboards\nemployees Employees\nalerts.state Exposure\n")
        self.assertEqual(
            self.found(tables),
            [f"{tables.LIST}: alerts belongs to Dashboards, and there is no such folder",
             f"Sources/DataShield/Alerts/AlertStore.swift:1: Alerts reads alerts of Dashboards; {tables.LIST} does not allow it"])

    def test_a_table_without_owner_and_one_that_is_gone(self):
        self.write("Sources/DataShield/Resources/Migrations/0002_more.sql", "CREATE TABLE reports (id text);\nDROP TABLE employees;\n")
        (self.root / "Sources/DataShield/Employees/EmployeeStore.swift").write_text("struct EmployeeStore {}\n", encoding="utf-8")
        self.assertEqual(
            self.found(tables),
            [f"{tables.LIST}: the table reports has no owner: name the folder", f"{tables.LIST}: there is no table employees any more"])


class MigrationTests(Tree):
    def setUp(self):
        super().setUp()
        self.first = self.write("Sources/DataShield/Resources/Migrations/0001_first.sql", "CREATE TABLE alerts (id text);\n")
        self.path = "Sources/DataShield/Resources/Migrations/0001_first.sql"
        self.write(migrations.LIST, "# A comment.\n")
        migrations.ship(self.root)

    def test_what_is_shipped_and_unchanged_passes(self):
        self.assertEqual(self.found(migrations), [])

    def test_a_changed_migration_is_refused_even_by_a_blank(self):
        self.first.write_text("CREATE TABLE alerts (id  text);\n", encoding="utf-8")
        refusal = f"{self.path}: this migration is shipped and was changed: put it back, and write a new one with the next number"
        self.assertEqual(self.found(migrations), [refusal])
        migrations.ship(self.root)
        self.assertEqual(self.found(migrations), [refusal], "shipping anew does not cover a change up")

    def test_a_second_line_covers_no_change_up(self):
        self.first.write_text("CREATE TABLE alerts (id  text);\n", encoding="utf-8")
        with open(self.root / migrations.LIST, "a", encoding="utf-8") as lines:
            lines.write(f"{migrations.checksum(self.first)}  {self.path}\n")
        self.assertEqual(
            self.found(migrations),
            [f"{migrations.LIST}: {self.path} is listed 2 times: keep the first line, which is what was shipped",
             f"{self.path}: this migration is shipped and was changed: put it back, and write a new one with the next number"])

    def test_a_migration_that_is_gone_or_renamed_is_refused(self):
        self.first.rename(self.first.with_name("0001_other.sql"))
        self.assertEqual(
            self.found(migrations),
            [f"{self.path}: this migration is shipped and is gone: databases that have it refuse to start without it",
             "Sources/DataShield/Resources/Migrations/0001_other.sql: "
             "not listed yet: when it is as it shall land, `make ship-migrations` writes its checksum down"])

    def test_numbers_have_no_gap_and_none_twice(self):
        self.write("Sources/DataShield/Resources/Migrations/0003_third.sql", "")
        migrations.ship(self.root)
        self.assertIn("0003_third.sql: migrations are numbered without gap, each number once: this should be number 2", self.found(migrations)[0])

    def test_a_librarys_migrations_are_numbered_among_the_others(self):
        self.write("Sources/DataShield/Resources/Migrations/0003_third.sql", "")
        self.write("Sources/Jobs/Migrations/0002_jobs.sql", "")
        migrations.ship(self.root)
        self.assertEqual(self.found(migrations), [])
        self.write("Sources/Jobs/Migrations/0003_more_jobs.sql", "")
        migrations.ship(self.root)
        self.assertIn("0003_third.sql: migrations are numbered without gap, each number once: this should be number 4", self.found(migrations)[0])


class SleepTests(Tree):
    def test_a_test_that_sleeps_says_why_or_is_refused(self):
        self.write(
            "Tests/JobsTests/LeaseTests.swift",
            "// Task.sleep in a comment\ntry await Task.sleep(for: .seconds(1))\n"
            "try await Task.sleep(for: .seconds(600))  // sleeps: until it is cancelled\n"
            "try await clock.sleep(\n    for: .seconds(1))\n")
        self.write("Sources/Jobs/Worker.swift", "try await Task.sleep(for: pause)\n")
        self.assertEqual(
            [finding.place for finding in sleeps.check(self.root)], ["Tests/JobsTests/LeaseTests.swift:2", "Tests/JobsTests/LeaseTests.swift:4"])


class TemplateTests(Tree):
    def setUp(self):
        super().setUp()
        self.write(f"{templates.TEMPLATES}/alerts/list.mustache", "{{> parts/row }}")
        self.write(f"{templates.TEMPLATES}/parts/row.mustache", "row")
        self.write(f"{templates.PRODUCT}/Web/Pages/Pages+templates.swift", 'static let templates = [\n    "alerts/list"\n]\n')
        self.page = self.write(f"{templates.PRODUCT}/Alerts/AlertPages.swift", 'pages.show(\n    "alerts/list", model)\n')

    def test_what_is_there_and_named_passes(self):
        self.assertEqual(self.found(templates), [])

    def test_a_template_that_is_missing(self):
        (self.root / templates.TEMPLATES / "alerts/list.mustache").unlink()
        self.assertEqual(
            self.found(templates),
            [f"{templates.PRODUCT}/Alerts/AlertPages.swift:2: there is no template alerts/list",
             f"{templates.PRODUCT}/Web/Pages/Pages+templates.swift: Pages.templates has alerts/list, and there is no such template",
             f"{templates.TEMPLATES}/parts/row.mustache: named by no page, layout or other template"])

    def test_a_part_that_is_missing(self):
        (self.root / templates.TEMPLATES / "parts/row.mustache").unlink()
        self.assertEqual(self.found(templates), [f"{templates.TEMPLATES}/alerts/list.mustache: there is no template parts/row"])

    def test_a_template_that_nobody_names_or_looks_for(self):
        self.write(f"{templates.TEMPLATES}/alerts/show.mustache", "")
        self.assertEqual(self.found(templates), [f"{templates.TEMPLATES}/alerts/show.mustache: named by no page, layout or other template"])
        self.page.write_text('pages.show("alerts/list")\npages.show("alerts/show")\n', encoding="utf-8")
        self.assertIn("is not looked for at start", self.found(templates)[0])


class DeadTests(Tree):
    def test_what_nobody_names_is_refused(self):
        self.write(dead.LIST, "# none\n")
        self.write("Sources/Jobs/Job.swift", "struct Job {\n    func run() {}\n    func stop() {}\n}\nextension Job {}\n")
        self.write("Tests/JobsTests/JobTests.swift", 'let job = Job(); job.run() // stop\nlet text = "stop"\n')
        self.assertEqual(
            self.found(dead), [f"Sources/Jobs/Job.swift:3: func stop is named nowhere: take it out, or list it with a reason in {dead.LIST}"])
        self.write(dead.LIST, "stop  called by a library\n")
        self.assertEqual(self.found(dead), [])
        self.write(dead.LIST, "stop\nwalk  called by a library\n")
        self.assertEqual(self.found(dead), [f"{dead.LIST}: stop without a reason", f"{dead.LIST}: there is no walk any more: take it out"])

    def test_a_template_names_what_it_shows(self):
        self.write(dead.LIST, "")
        self.write(
            "Sources/DataShield/Alerts/Model.swift",
            "struct Model { var title: String }\nlet one = Model(title: nil)\nlet two = one\nlet three = two + three\n")
        self.write("Sources/DataShield/Resources/Templates/alerts/list.mustache", "{{ title }}")
        self.assertEqual(self.found(dead), [])


class ReadmeTests(Tree):
    def test_the_example_is_what_is_compiled(self):
        readme = self.write("Sources/LDAP/README.md", "# LDAP\n\n```swift\nlet a = 1\nif a == 1 {\n    go()\n}\n```\n")
        self.assertEqual(
            self.found(readmes), ["Sources/LDAP/README.md: its example is compiled nowhere: Tests/LDAPTests/ReadmeTests.swift is missing"])
        self.write(
            "Tests/LDAPTests/ReadmeTests.swift",
            "func test() {\n    // README\n    let a = 1\n    if a == 1 {\n        go()\n    }\n    // end of README\n}\n")
        self.assertEqual(self.found(readmes), [])
        readme.write_text("# LDAP\n\n```swift\nlet a = 2\n```\n", encoding="utf-8")
        self.assertEqual(
            self.found(readmes), ["Sources/LDAP/README.md: its first example is not the text between the marks in Tests/LDAPTests/ReadmeTests.swift"])
        readme.unlink()
        self.write("Sources/LDAP/LDAP.swift", "")
        self.assertEqual(self.found(readmes), ["Sources/LDAP: a README is missing: what it is, one example, what it promises"])


class VersionTests(Tree):
    def test_the_changelog_has_the_version_and_nobody_else_says_it(self):
        self.write(version.SOURCE, 'package enum Version {\n    package static let current = "0.2.0"\n}\n')
        log = self.write(version.CHANGELOG, "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-30\n")
        self.assertEqual(self.found(version), [])
        self.write("Sources/DataShield/Application.swift", 'let version = "0.2.0"\n')
        self.assertEqual(self.found(version), ["Sources/DataShield/Application.swift:1: the version once more: say Version.current"])
        log.write_text("# Changelog\n\n## [0.3.0]\n", encoding="utf-8")
        self.assertEqual(
            self.found(version)[:3],
            [f"{version.CHANGELOG}: begins with what is not released yet: “## [Unreleased]”",
             f"{version.CHANGELOG}: its newest version is not 0.2.0, that of {version.SOURCE}",
             f"{version.CHANGELOG}: 0.3.0 has no date: “## [0.3.0] - 2026-01-31”"])


if __name__ == "__main__":
    unittest.main()
