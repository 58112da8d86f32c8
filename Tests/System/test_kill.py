"""A server that is killed in the middle of a scan: what it recorded in the end is what an undisturbed one records."""

from program import Installation, wait_for

PEOPLE = 900
KILLS = 10


def test_a_scan_that_is_killed_ten_times_ends_as_an_undisturbed_one(sandbox, database):
    undisturbed = Installation("kill", sandbox.url, PEOPLE, database_url=database.url)
    try:
        run = undisturbed.call("POST", "/api/employees/scan")["id"]
        wait_for(lambda: undisturbed.run_is(run, "SUCCEEDED"), "the undisturbed scan")
        expected = undisturbed.findings(), undisturbed.people()
        code, seconds = undisturbed.server.stop()
        assert code == 0
        assert seconds < 10
    finally:
        undisturbed.end()
    assert len(expected[0]) > PEOPLE / 10

    # Slow enough that ten kills fall into one scan.
    sandbox.slow_down(400)
    killed = Installation("kill", sandbox.url, PEOPLE)
    try:
        run = killed.call("POST", "/api/employees/scan")["id"]
        for number in range(KILLS):
            before = killed.call("GET", f"/api/scans/{run}")["scanned"]

            def has_moved():
                now = killed.call("GET", f"/api/scans/{run}")
                return now["scanned"] > before or now["status"] == "SUCCEEDED"

            wait_for(has_moved, f"progress after kill {number}")
            assert killed.run_is(run, "RUNNING"), f"the scan was over before kill {number + 1}"
            # At another moment of a batch each time: after so many more questions.
            asked = sandbox.questions()
            wait_for(lambda: sandbox.questions() >= asked + 3 * number, "more questions")
            killed.server.kill()
            killed.restart()
        sandbox.misbehave()
        wait_for(lambda: killed.run_is(run, "SUCCEEDED"), "the end of the scan")
        assert (killed.findings(), killed.people()) == expected
    finally:
        killed.end()
