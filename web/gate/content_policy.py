"""The Content-Security-Policy of our pages (CSP level 3): their own files only, nothing inline, nothing evaluated."""

from __future__ import annotations

_SOURCES = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def _policy(trusted: str) -> str:
    """The policy of pages in which only the policies of Trusted Types that are named turn a text into HTML."""
    return f"{_SOURCES}; require-trusted-types-for 'script'; trusted-types {trusted}"


# Vue sets templates that were compiled before; DOMPurify what it sanitized; the elements parse apart from the page; the
# notebook starts one worker.
PAGE_POLICY = _policy("vue dompurify patchbay-inert patchbay-worker")
# Swagger UI sets HTML as text. Its page sanitizes all of that in a default policy, by a second copy of DOMPurify.
API_DOCS_POLICY = _policy("default dompurify 'allow-duplicates'")
