"""What it means that a service's secret is locked, and that it is not."""

from __future__ import annotations

from typing import Any

from plugin_store.vault.destinations import Destination
from tests.security.ground import Ground, Service

LOCKED = (409, "review_due")


def in_header(origin: str, name: str = "x-key") -> dict[str, Any]:
    """A header of an endpoint's call as a review shows it."""
    destination = Destination("call", "header", name, origin)
    return {**destination.as_row(), "text": destination.text}


def review_of(service: Service, scope: str = "") -> Any:
    return service.details(scope)["review"]


def assert_locked(service: Service, scope: str = "") -> None:
    """Nothing can be asked, and nothing was sent."""
    sent_before = len(service.ground.provider.requests)
    assert service.status_of(scope=scope) == "locked"
    assert review_of(service, scope) is not None
    asked = service.ask_in_every_way(scope)
    assert [(answer.status_code, answer.json()["code"]) for answer in asked] == [LOCKED] * 3
    assert len(service.ground.provider.requests) == sent_before
    service.ground.assert_nobody_else_was_called()


def assert_works(service: Service, scope: str = "") -> None:
    assert service.status_of(scope=scope) == "ok"
    assert review_of(service, scope) is None
    assert [answer.status_code for answer in service.ask_in_every_way(scope)] == [200] * 3
    service.ground.assert_nobody_else_was_called()


def entered(ground: Ground, properties: list[dict[str, Any]] | None = None, **section: Any) -> Service:
    """A service whose key was entered for the header X-Key at the provider, and has been there."""
    service = ground.service(properties)
    service.declare(**section)
    service.enter()
    assert service.render().status_code == 200
    assert ground.secret.encode() in ground.sent()
    return service
