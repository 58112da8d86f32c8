"""The JSON API from outside: the document describes it, and no input, however odd, ends in a server error."""

import json
import random
import re
from urllib.parse import quote

import pytest

ODD_TEXTS = [
    "", " ", "0", "-1", "null", "true", "[]", "{}", "%", "%00", "\u0000", "'", '"', "';DROP TABLE alerts;--", "<script>", "../../etc/passwd",
    "\U0001f600" * 50, "a" * 5000, "ÅÄÖ", "\u202e", "9" * 40, "1e309", "c" + "0" * 24, "2026-02-31", "0001-01-01", "OPEN,OPEN", "${7*7}", "{{7*7}}",
]
ODD_VALUES = [None, True, False, 0, -1, 2**63, 1e308, "", "x" * 100_000, "\u0000", [], {}, [[[]]], {"a": {"b": []}}, ["OPEN"] * 500] + ODD_TEXTS
ODD_BODIES = ["", "{", "null", "[]", "0", '"text"', "{" * 2000, "[" * 2000, '{"a":1,"a":2}', '{"\\ud800":1}', "\ufeff{}", "{}" * 3]
# Starting scans is throttled, and signing out would end the session of the test.
LEFT_OUT = {("post", "/api/auth/logout"), ("delete", "/api/sessions")}


@pytest.fixture(scope="module")
def document(admin_api):
    answer = admin_api.get("/api/openapi.json")
    assert answer.ok
    return answer.json()


@pytest.fixture(scope="module")
def operations(document):
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete") and (method, path) not in LEFT_OUT
    ]


def send(api, method, path, **arguments):
    answer = api.fetch(path, method=method.upper(), max_redirects=0, timeout=30_000, **arguments)
    assert answer.status < 500, f"{method} {path} {arguments}: {answer.status} {answer.text()[:500]}"
    if answer.status >= 400:
        problem = answer.json()
        if path.startswith("/api/scim/"):
            # RFC 7644, 3.12: errors of their own, whose status is a text.
            assert problem["status"] == str(answer.status) and problem["detail"]
            assert "application/scim+json" in answer.headers["content-type"]
            return answer
        assert problem["status"] == answer.status
        assert problem["title"]
        assert "application/problem+json" in answer.headers["content-type"]
    return answer


def test_the_document_is_openapi(document):
    assert document["openapi"].startswith("3.1")
    for name in ("/api/alerts", "/api/alerts/{id}", "/api/employees", "/api/employees/scan", "/api/scans/{id}/events", "/api/health"):
        assert name in document["paths"], name
    identifiers = [operation.get("operationId") for item in document["paths"].values() for operation in item.values() if isinstance(operation, dict)]
    given = [identifier for identifier in identifiers if identifier]
    assert len(given) == len(set(given))
    # Every reference leads somewhere.
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        place = document
        for part in reference.split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]


def test_nothing_is_told_to_who_is_not_signed_in(open_page, operations, demo):
    api = open_page().request
    for method, path, _ in operations:
        answer = api.fetch(re.sub(r"\{\w+\}", "c" + "0" * 24, path), method=method.upper(), max_redirects=0)
        assert answer.status < 500, f"{method} {path}: {answer.status}"
        if path not in ("/api/health", "/api/openapi.json", "/api/docs", "/api/auth/login", "/metrics", "/api/cron"):
            assert answer.status == 401, f"{method} {path}: {answer.status}"


def test_odd_ids_and_queries(admin_api, operations):
    for method, path, operation in operations:
        if method != "get" or path.endswith("/events"):
            continue
        for text in ODD_TEXTS:
            if "{" in path:
                if text.strip():
                    send(admin_api, method, re.sub(r"\{\w+\}", quote(text, safe=""), path))
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    place = re.sub(r"\{\w+\}", "c" + "0" * 24, path)
                    send(admin_api, method, place, params={parameter["name"]: text})


def test_odd_bodies(admin_api, operations):
    for method, path, operation in operations:
        if "application/json" not in operation.get("requestBody", {}).get("content", {}):
            continue
        place = re.sub(r"\{\w+\}", "c" + "0" * 24, path)
        for body in ODD_BODIES:
            # As bytes: a text would be parsed before it is sent.
            send(admin_api, method, place, data=body.encode(), headers={"content-type": "application/json"})


def test_odd_fields(admin_api, operations, document):
    # Chance decides which values meet; the seed makes it the same chance every time.
    dice = random.Random(20260117)
    for method, path, operation in operations:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if not content or path in ("/api/auth/login", "/api/employees/scan"):
            continue
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        names = list(schema.get("properties", {}))
        place = re.sub(r"\{\w+\}", "c" + "0" * 24, path)
        for _ in range(25):
            body = {name: dice.choice(ODD_VALUES) for name in names if dice.random() < 0.9}
            send(admin_api, method, place, data=json.dumps(body).encode(), headers={"content-type": "application/json"})


def test_an_unknown_field_is_named(admin_api):
    answer = admin_api.post("/api/employees", data={"email": "a@acme.example", "nickname": "A"})
    assert answer.status == 422
    assert "nickname" in json.dumps(answer.json()["errors"])


def test_too_much_is_refused(admin_api):
    answer = admin_api.post("/api/employees", data=b'{"a":"' + b"x" * 3_000_000 + b'"}', headers={"content-type": "application/json"})
    assert answer.status == 413
    assert admin_api.get("/api/health").ok


def test_another_sites_request_is_refused(admin_api):
    answer = admin_api.post("/api/auth/logout", headers={"sec-fetch-site": "cross-site"})
    assert answer.status == 403
    assert admin_api.get("/api/me").ok
