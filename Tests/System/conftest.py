import pytest

from program import Sandbox


@pytest.fixture
def sandbox():
    sandbox = Sandbox()
    yield sandbox
    sandbox.end()
