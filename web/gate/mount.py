"""The paths of this server as its clients see them: below the prefix at which a proxy serves it."""

from __future__ import annotations

from flask import has_request_context, request


def mount_prefix() -> str:
    """The prefix of the current request, like `/patchbay`; "" for none, and outside a request."""
    return request.script_root if has_request_context() else ""


def mounted(path: str) -> str:
    """A path of ours for a link or a redirect in the answer to the current request."""
    return mount_prefix() + path
