"""What the whole-program tests share: two emulated upstreams and a gateway in front of them.

They are started once for a worker. Tests do not disturb each other, because each brings the script
of its answer in its own message (support.emulator.mock) and marks it with a word of its own.
"""

import pytest

from support.emulator import Emulator, mock, unique
from support.gateway import CODEWHISPERER, COZE, Gateway


class Upstream:
    """One of the two, as a test that runs against both sees it."""

    def __init__(self, emulator, gateway, model):
        self.emulator = emulator
        self.gateway = gateway
        self.model = model
        self.name = emulator.kind

    def __repr__(self):
        return self.name

    def chat(self, content, **options):
        return self.gateway.chat(content, self.model, **options)

    def stream(self, content, **options):
        return self.gateway.stream(content, self.model, **options)

    def failure_event(self, message="went wrong"):
        """A step of a script: the upstream's own way of failing inside a stream."""
        if self.name == "codewhisperer":
            return {"exception": {"type": "InternalServerException", "message": message}}
        return {"failed": {"code": 5000, "msg": message}}

    def throttling(self):
        if self.name == "codewhisperer":
            return {"exception": {"type": "ThrottlingException",
                                  "message": "Too many requests, please wait before trying again."}}
        return {"failed": {"code": 4020, "msg": "over the purchased requests per minute"}}


@pytest.fixture(scope="session")
def codewhisperer():
    with Emulator("codewhisperer") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def coze():
    with Emulator("coze") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def gateway(codewhisperer, coze):
    with Gateway(codewhisperer, coze) as running:
        yield running


@pytest.fixture(scope="session", params=["codewhisperer", "coze"])
def upstream(request, gateway, codewhisperer, coze):
    if request.param == "codewhisperer":
        return Upstream(codewhisperer, gateway, CODEWHISPERER)
    return Upstream(coze, gateway, COZE)


@pytest.fixture
def marker():
    return unique("marker")


__all__ = ["Upstream", "mock"]
