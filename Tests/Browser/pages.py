"""The pages that every general test looks at."""

from playwright.sync_api import APIRequestContext

# Address → what it shows. A page that the navigation leads to has to be here; a test compares the two.
PAGES = {
    "today": "/",
    "resolving what is neutralised": "/today/settle?state=NEUTRALISED",
    "dashboard": "/dashboards",
    "alerts to act on first": "/alerts",
    "alerts that came back": "/alerts?view=came-back",
    "alerts": "/alerts?view=all",
    "alerts, none matching": "/alerts?q=no-such-person-anywhere",
    "one alert": "alert",
    "employees": "/employees",
    "exposed people": "/employees?exposed=true&active=true",
    "people who have left": "/employees?active=false",
    "new employee": "/employees/new",
    "staff list import": "/employees/import",
    "preview of a staff list": "preview",
    "one employee": "employee",
    "changing an employee": "employee/edit",
    "breaches": "/breaches",
    "one breach": "breach",
    "machines": "/machines",
    "machines with an open alert": "/machines?open=true",
    "one machine": "machine",
    "scans": "/scans",
    "one scan": "scan",
    "leak files": "/ingest",
    "one reading": "reading",
    "without second factor": "/mfa",
    "health of the sources": "/coverage/sources",
    "directories": "/directories",
    "choice of a directory": "/directories/new",
    "new LDAP directory": "/directories/new/LDAP",
    "new SCIM directory": "/directories/new/SCIM",
    "one directory": "directory",
    "settings of a directory": "directory/edit",
    "syncs": "/directories/jobs",
    "one sync": "sync",
    "remediation": "/remediation",
    "remediation, none matching": "/remediation?performedBy=nobody-at-all",
    "settings of remediation": "/remediation/settings",
    "data sources": "/sources",
    "settings": "/settings",
    "users": "/users",
    "audit": "/audit",
    "API": "/api/docs",
    "glossary": "/glossary",
    "sessions": "/account/sessions",
    "password": "/account/password",
}


def first_id(api: APIRequestContext, path: str) -> str:
    answer = api.get(path) if path == "/api/directory" else api.get(path, params={"limit": 1})
    assert answer.ok, answer.text()
    return answer.json()["items"][0]["id"]


def address_of(name: str, api: APIRequestContext) -> str:
    """The address of a page; for one of many, that of the first."""
    address = PAGES[name]
    match address:
        case "alert":
            return f"/alerts/{first_id(api, '/api/alerts')}"
        case "employee":
            return f"/employees/{exposed_employee(api)}"
        case "employee/edit":
            return f"/employees/{exposed_employee(api)}/edit"
        case "preview":
            return previewed_list(api)
        case "breach":
            return f"/breaches/{first_id(api, '/api/breaches')}"
        case "directory":
            return f"/directories/{first_id(api, '/api/directory')}"
        case "directory/edit":
            return f"/directories/{first_id(api, '/api/directory')}/edit"
        case "sync":
            return f"/directories/jobs/{first_id(api, '/api/directory/' + first_id(api, '/api/directory') + '/jobs')}"
        case "machine":
            return f"/machines/{first_id(api, '/api/machines')}"
        case "reading":
            return f"/ingest/{first_id(api, '/api/ingest')}"
        case "scan":
            return f"/scans/{first_id(api, '/api/scans')}"
        case _:
            return address


class Addresses:
    """The addresses of all pages, each asked for once."""

    def __init__(self, api: APIRequestContext):
        self.api = api
        self.known: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self.known:
            self.known[name] = address_of(name, self.api)
        return self.known[name]


# Somebody of each kind: to be added, changed, left out, refused.
LIST = """Staff of Acme,,,,
Email Address [Required],First name,Department,Status,Shoe size
preview.one@acme.example,Nora,{long},Active,39
preview.two@acme.example,Ola,Ops,Suspended,
{known},,Preview of a department,Full-time,
not an address,{long},,Active,
"""


def previewed_list(api: APIRequestContext) -> str:
    """The address of a preview that shows all that a preview can."""
    known = api.get(f"/api/employees/{exposed_employee(api)}").json()["email"]
    text = LIST.format(known=known, long="W" * 60)
    file = {"name": "staff.csv", "mimeType": "text/csv", "buffer": text.encode()}
    answer = api.post("/employees/import", multipart={"file": file}, max_redirects=0)
    assert answer.status == 303, answer.text()
    return answer.headers["location"]


def exposed_employee(api: APIRequestContext) -> str:
    """Somebody who has an alert, and therefore a record and a score."""
    answer = api.get("/api/alerts", params={"limit": 1})
    assert answer.ok, answer.text()
    return answer.json()["items"][0]["employeeId"]


def alert_with_status(api: APIRequestContext, status: str) -> dict:
    answer = api.get("/api/alerts", params={"limit": 1, "status": status})
    assert answer.ok, answer.text()
    return answer.json()["items"][0]
