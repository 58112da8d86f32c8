"""Long work of some companies does not keep another's waiting."""

from program import PASSWORD, Client, Installation, staff, wait_for

# More than a worker has places.
SCANS = 5
ENTRA = "tenantId=8a6c2f0e-3b1d-4e57-9c48-1f2a7d5b6e90\nclientId=5f0d9b7a-64c3-4a18-b2e1-7c9d3e8f1a24\nclientSecret=made-up~client.secret_of-the-sandbox\n"


def test_scans_that_wait_for_their_pace_keep_nobody_else_waiting(sandbox, database):
    # Two calls a minute: a scan of forty people takes twenty.
    settings = {"DATASHIELD_PROVIDER_RATE_HIBP": "2", "DATASHIELD_DIRECTORY_URL_AZURE_AD": sandbox.url}
    installation = Installation("fair", sandbox.url, database_url=database.url, settings=settings)
    try:
        scans = []
        for number in range(SCANS):
            domain = f"slow{number}.example"
            admin = f"admin@{domain}"
            installation.command("company", "create", "--name", domain, "--domain", domain)
            installation.command(
                "user", "create", "--company", domain, "--email", admin, "--role", "ADMIN", "--password-stdin", text=PASSWORD + "\n"
            )
            client = Client(installation.url, admin)
            assert client.ask("POST", "/api/employees/import", staff(domain, range(40)), "text/csv").status == 200
            client.call("POST", "/api/credentials", {"provider": "HIBP", "key": "5a" * 16})
            scans.append((client, client.call("POST", "/api/employees/scan")["id"]))

        def are_under_way():
            return all(client.call("GET", f"/api/scans/{run}")["status"] == "RUNNING" for client, run in scans)

        wait_for(are_under_way, "all scans", explain=installation.server.words)
        installation.command("directory", "add", "AZURE_AD", "--company", "fair.example", "--name", "Entra", text=ENTRA)
        directory = installation.all("/api/directory")[0]["id"]
        run = installation.call("POST", f"/api/directory/{directory}/sync", {})["id"]

        def has_ended():
            state = installation.call("GET", f"/api/directory/jobs/{run}")
            return state.get("run", state)["status"] == "SUCCEEDED"

        wait_for(has_ended, "the sync", explain=installation.server.words)
        assert are_under_way()
        assert installation.server.stop()[0] == 0
    finally:
        installation.end()
