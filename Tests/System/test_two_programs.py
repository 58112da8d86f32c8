"""Two programs on one database."""

import threading

from program import Client, Installation, wait_for

PEOPLE = 40
COMPANIES = 4


def test_of_two_programs_that_start_a_scan_at_once_one_gets_409(sandbox, database):
    key = {"DATASHIELD_ENCRYPTION_KEY": "A" * 43 + "="}
    one = Installation("two", sandbox.url, database_url=database.url, settings=key)
    try:
        races(one, database, sandbox, key)
    finally:
        one.end()


def races(one, database, sandbox, key):
    domains = [f"two{number}.example" for number in range(COMPANIES)]
    for domain in domains:
        one.add_company(domain, PEOPLE)
    other = Installation("other", sandbox.url, database_url=database.url, settings=key)
    try:
        for domain in domains:
            # So slow that the first is not over before the second has asked.
            sandbox.slow_down(1000)
            clients = [Client(program.url, f"admin@{domain}") for program in (one, other)]
            answers = race(clients)
            assert sorted(answer.status for answer in answers) == [202, 409]
            started = next(answer for answer in answers if answer.status == 202).json
            refused = next(answer for answer in answers if answer.status == 409)
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert "under way" in refused.json["detail"]
            sandbox.misbehave()

            def has_ended():
                return clients[0].call("GET", f"/api/scans/{started['id']}")["status"] == "SUCCEEDED"

            wait_for(has_ended, "the end of the scan")
            for client in clients:
                assert [run["id"] for run in client.all("/api/scans")] == [started["id"]]
                alerts = [(alert["employeeEmail"], alert["breachName"]) for alert in client.all("/api/alerts")]
                assert len(alerts) == len(set(alerts)) == client.call("GET", f"/api/scans/{started['id']}")["newAlerts"]
    finally:
        other.end()


def race(clients):
    """Has both start a scan at the same moment."""
    line, answers = threading.Barrier(len(clients)), [None] * len(clients)

    def start(number):
        line.wait()
        answers[number] = clients[number].ask("POST", "/api/employees/scan")

    threads = [threading.Thread(target=start, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
