"""Syncs by the commands, and a worker that is killed in the middle of one: what is on the staff list is what the directory says."""

import pytest

from program import Installation, Process, Sandbox, wait_for

PEOPLE = 6_000
PAGE = 999
ENTRA = """tenantId=8a6c2f0e-3b1d-4e57-9c48-1f2a7d5b6e90
clientId=5f0d9b7a-64c3-4a18-b2e1-7c9d3e8f1a24
clientSecret=made-up~client.secret_of-the-sandbox
"""
# At which page a worker is killed; the last ones when everybody is listed and the merge has begun.
POINTS = [0, 1, 2, 3, 4, 5, 6, "merge", "merge", "merge"]


@pytest.fixture(scope="module")
def directory():
    sandbox = Sandbox("--domain", "entra.example", "--people", str(PEOPLE))
    yield sandbox
    sandbox.end()


@pytest.fixture(scope="module")
def database(databases):
    database = databases.make("directories")
    yield database
    database.end()


@pytest.fixture(scope="module")
def installation(directory, database):
    settings = {"DATASHIELD_DIRECTORY_URL_AZURE_AD": directory.url}
    installation = Installation("calm", directory.url, database_url=database.url, settings=settings)
    yield installation
    installation.end()


def connect(installation, company):
    said = installation.command("directory", "add", "AZURE_AD", "--company", company, "--name", "Entra", text=ENTRA)
    assert "Entra is connected as" in said
    return said.split("connected as ")[1].split(".")[0]


def people(database, company):
    """Everybody of a company as the directory tells of them, without our own ids."""
    return database.says(
        f"""SELECT e.external_id, e.email, e.first_name, e.last_name, e.department, e.title, e.mfa_enabled, e.deactivated_at
        FROM employees e JOIN companies c ON c.id = e.company_id WHERE c.domain = '{company}' ORDER BY e.email"""
    )


def test_a_directory_is_connected_tried_listed_and_synced_by_commands(installation, database):
    refused = installation.attempt("directory", "add", "AZURE_AD", "--company", "calm.example", text=ENTRA.replace("tenantId=8a6c", "tenantId=#"))
    assert refused.returncode != 0
    assert "tenantId" in refused.stderr + refused.stdout
    assert "made-up" not in refused.stderr + refused.stdout
    directory = connect(installation, "calm.example")
    listed = installation.command("directory", "list", "--company", "calm.example")
    assert directory in listed and "AZURE_AD" in listed and "ACTIVE" in listed
    assert "It works" in installation.command("directory", "test", directory, "--company", "calm.example")
    synced = installation.command("directory", "sync", directory, "--company", "calm.example")
    added = int(database.says("SELECT count(*) FROM employees WHERE deactivated_at IS NULL"))
    assert added > PEOPLE / 2
    assert f"{added} added" in synced
    again = installation.command("sync", "--company", "calm.example")
    assert f"0 added, 0 changed, 0 deactivated, 0 reactivated, {added} unchanged" in again
    nothing = installation.attempt("directory", "test", "c" + "0" * 24, "--company", "calm.example")
    assert nothing.returncode != 0
    assert "There is no such directory." in nothing.stderr + nothing.stdout


def test_a_worker_that_is_killed_at_ten_points_of_a_sync_loses_and_doubles_nobody(installation, database, directory):
    expected = people(database, "calm.example")
    assert len(expected.splitlines()) > PEOPLE / 2
    # The commands are the workers here.
    installation.server.stop()
    directory.misbehave({"kind": "slow", "service": "entra", "pathPrefix": "users", "delayMilliseconds": 200})
    killed = []
    for number, point in enumerate(POINTS):
        company = f"killed{number}.example"
        installation.command("company", "create", "--name", company, "--domain", company)
        connection = connect(installation, company)
        killed.append((company, kill(installation, database, company, connection, point)))
    directory.misbehave()
    installation.restart()
    for company, run in killed:
        status = f"SELECT status FROM sync_runs WHERE id = '{run}'"
        jobs = "SELECT status, attempts, lost_leases, last_error FROM jobs"
        wait_for(lambda: database.says(status) == "SUCCEEDED", f"the end of the sync of {company}", explain=lambda: database.says(jobs))
        assert people(database, company) == expected, company


def kill(installation, database, company, connection, point):
    """Kills the worker of a sync when it has come so far, and returns the run."""
    worker = Process(
        installation.directory, company, ["directory", "sync", connection, "--company", company], installation.environment
    )
    try:
        condition = "r.status = 'RUNNING'"
        if point == "merge":
            # The merge's own tables are there as long as it lasts, but nobody else sees them; that it has begun shows in its locks.
            condition += " AND EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'employees'"
            condition += " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.mode = 'RowExclusiveLock')"
        else:
            condition += f" AND r.listed >= {point * PAGE // 2}"
        question = f"SELECT r.id FROM sync_runs r WHERE r.connection_id = '{connection}' AND {condition}"

        def has_come_so_far():
            assert worker.is_running, worker.words()
            return database.says(question) or None

        return wait_for(has_come_so_far, f"point {point} of a sync", explain=worker.words)
    finally:
        worker.kill()
