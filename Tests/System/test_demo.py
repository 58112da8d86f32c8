"""The demo is told to stop while it is still making its data: it ends without a complaint, and the next start goes on."""

import os
import re
import shutil

import pytest

from program import Process, temporary_directory


@pytest.mark.parametrize("moment", [r"Importing \d+ people", r"Scanned \d+ of \d+ people"])
def test_a_demo_that_is_stopped_while_it_prepares_ends_quietly_and_goes_on_at_its_next_start(moment):
    directory = temporary_directory("demo")
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL" and not name.startswith("DATASHIELD_")}
    arguments = ["demo", "--data-dir", str(directory / "data"), "--port", "0"]
    try:
        demo = Process(directory, "demo", arguments, environment)
        demo.line(moment)
        code, seconds = demo.stop()
        assert code == 0, demo.words()
        assert seconds < 12
        # Neither a line of the log nor an error that the program ends with.
        assert not re.search(r"(?im)^(\d{4}-\S+ \w+ |error:)|servicegroup|cancellation", demo.words()), demo.words()

        again = Process(directory, "again", arguments, environment)
        again.line(r"DataShield is at http://\S+")
        assert again.stop()[0] == 0
    finally:
        shutil.rmtree(directory, ignore_errors=True)
