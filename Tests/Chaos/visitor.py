"""People who sign in and out."""

from load import Actor
from program import PASSWORD, Client


class Visitor(Actor):
    """People who sign in and out."""

    REST = 0.7

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.users = []
        for number in range(8):
            email = f"visitor{number}@{self.domain}"
            self.client.call("POST", "/api/users", {"email": email, "password": PASSWORD, "role": "VIEWER"})
            self.users.append(email)
        self.inside, self.outside = [], []

    def act(self):
        if self.inside and self.numbers.random() < 0.5:
            client = self.numbers.choice(self.inside)
            if self.numbers.random() < 0.4:
                answer = self.by(client, "POST", "/api/auth/logout")
                self.inside.remove(client)
                if answer and answer.status == 204:
                    self.outside.append(client)
            else:
                self.by(client, "GET", "/api/me")
            return
        client = Client(self.world.url)
        email = self.numbers.choice(self.users)
        answer = self.by(client, "POST", "/api/auth/login", {"email": email, "password": PASSWORD})
        if answer and answer.status == 200:
            self.inside.append(client)
        elif answer and answer.status != 429:
            # A sign-in that was cut off counts as a failed one, and slows the next.
            self.unexpected("a sign-in", answer)

    def by(self, client, *request):
        own, self.client = self.client, client
        try:
            return self.ask(*request)
        finally:
            self.client = own

    def check(self):
        wrong = [client for client in self.inside if client_status(self.world, client) != 200]
        self.ledger.hold("whoever is signed in stays signed in", len(wrong))
        wrong = [client for client in self.outside if client_status(self.world, client) != 401]
        self.ledger.hold("whoever has signed out stays out", len(wrong))


def client_status(world, client):
    client.url = world.url
    return client.ask("GET", "/api/me").status
