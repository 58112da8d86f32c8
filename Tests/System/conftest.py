import signal

import pytest

from program import Databases, Sandbox

# What a shell starts in the background ignores it, and the programs that the tests start and interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The longest, so that none of them is what the others' end is waited for with. Whatever is not here comes after them, as it is collected.
LONGEST = ["test_kill.py", "test_hanging_database.py", "test_restart.py", "test_directories.py", "test_demo.py", "test_remediation.py"]


@pytest.fixture
def sandbox():
    sandbox = Sandbox()
    yield sandbox
    sandbox.end()


@pytest.fixture(scope="session")
def databases():
    databases = Databases()
    yield databases
    databases.end()


@pytest.fixture
def database(databases, request):
    """A database with the schema, on a server that the test neither stops nor fills."""
    database = databases.make(request.path.stem.removeprefix("test_"))
    yield database
    database.end()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
