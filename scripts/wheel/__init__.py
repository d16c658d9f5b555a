"""Patchbay, the backend that a frontend's plugins plug into.

`create_app` makes its WSGI application; the command `patchbay` serves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    # The command imports this package first, and not all of the application for its help.
    if name == "create_app":
        from app import create_app  # noqa: PLC0415

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
