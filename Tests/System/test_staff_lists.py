"""Staff lists by command, and across a restart between the preview and the button."""

import csv
import json
import re

from program import Installation

LIST = """"Employee #","Last name, First name","Work Email","Home Email","Job Title","Department","Division","Status"
"1001","Lee, Ann","ann@{domain}","ann@home.example","Lead","Ops","EMEA","Active"
"1002","Stone, Bob","bob@{domain}","","","Ops","EMEA","Inactive"
"1003","=1+1","nobody","","","Ops","EMEA","Active"
"""


def test_a_list_is_tried_imported_and_its_other_rows_are_written(sandbox, database):
    installation = Installation("staff", sandbox.url, database_url=database.url)
    try:
        by_command(installation)
        by_page(installation)
    finally:
        installation.end()


def by_command(installation):
    file = installation.directory / "bamboo.csv"
    file.write_text(LIST.format(domain=installation.domain))
    rejected = installation.directory / "rejected.csv"
    command = ["employees", "import", str(file), "--company", installation.domain]

    tried = installation.command(*command, "--dry-run")
    assert "3 rows: 1 would be added, 0 would be changed, 0 would be deactivated, 0 unchanged, 1 left out, 1 rejected." in tried
    assert "Columns not read: Home Email; Division." in tried
    assert "Other addresses that are not watched, unless a directory tells them: Home Email beside Work Email (line 2)." in tried
    assert "Employee # as externalId" in tried
    assert "Nothing was written: this was a dry run." in tried
    assert installation.all("/api/employees") == []

    done = installation.command(*command, "--rejected", str(rejected))
    assert "3 rows: 1 added" in done
    assert re.search(r"line 3: left out: .*not on the staff list", done)
    assert "line 4: rejected: email must have an @ sign" in done
    [ann] = installation.all("/api/employees")
    assert [ann[name] for name in ("firstName", "lastName", "externalId", "department", "title")] == ["Ann", "Lee", "1001", "Ops", "Lead"]
    with rejected.open(encoding="utf-8-sig", newline="") as rows:
        found = list(csv.DictReader(rows))
    assert [(row["line"], row["outcome"]) for row in found] == [("3", "left out"), ("4", "refused")]
    assert found[1]["Last name, First name"] == "'=1+1"
    assert rejected.stat().st_mode & 0o077 == 0

    refused = installation.attempt(*command, "--rejected", str(rejected))
    assert refused.returncode == 1
    assert "is there already" in refused.stderr
    report = json.loads(installation.command(*command, "--dry-run", "--json"))
    assert report["isPreview"] and report["unchanged"] == 1
    [other] = report["passedOver"]
    assert [other[name] for name in ("reason", "heading", "counted", "lines")] == ["NOT_WATCHED", "Home Email", "Work Email", [2]]

    file.write_text(f"email,Status,Enabled\nann@{installation.domain},Terminated,True\n")
    odd = installation.command(*command, "--dry-run")
    assert "0 would be deactivated" in odd
    assert "line 2: contradiction: Status says that they have left, Enabled that they are there. Neither counts" in odd


def by_page(installation):
    boundary = "b0undary"
    rows = f"email,name\ncem@{installation.domain},Cem Ar\n"
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="staff.csv"\r\n\r\n{rows}\r\n--{boundary}--\r\n'
    page = installation.ask("POST", "/employees/import", body.encode(), f"multipart/form-data; boundary={boundary}")
    assert page.status == 200, page.body
    [action] = re.findall(rb'action="(/employees/import/c[a-z0-9]+)"', page.body)
    installation.server.kill()
    installation.restart()
    done = installation.ask("POST", action.decode(), b"", "application/x-www-form-urlencoded")
    assert b"What changed" in done.body
    assert f"cem@{installation.domain}" in {person["email"] for person in installation.all("/api/employees")}
