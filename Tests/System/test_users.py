"""An administrator who cannot sign in any longer gets a password by command."""

from program import PASSWORD, Client, Installation, wait_for


def test_a_forgotten_password_is_replaced_by_command(sandbox, database):
    installation = Installation("users", sandbox.url, database_url=database.url)
    try:
        reset = ["user", "reset-password", "--company", installation.domain, "--email", f"admin@{installation.domain}"]
        said = installation.command(*reset)
        password = said.rsplit(": ", 1)[1].strip()
        assert "good for a week" in said
        # The session with the old one has ended, which another process sees a few seconds later.
        wait_for(lambda: installation.ask("GET", "/api/me").status == 401, "the end of the session")
        client = Client(installation.url)
        email = f"admin@{installation.domain}"
        assert client.ask("POST", "/api/auth/login", {"email": email, "password": PASSWORD}).status == 401
        me = client.call("POST", "/api/auth/login", {"email": email, "password": password})
        assert me["mustChangePassword"]
        refused = installation.attempt(*reset[:-1], f"nobody@{installation.domain}")
        assert refused.returncode == 1 and "There is no such user." in refused.stderr
    finally:
        installation.end()
