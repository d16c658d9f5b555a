"""One page of a long list."""

from __future__ import annotations

from typing import NamedTuple

import orjson

DEFAULT_PAGE_SIZE = 1000


class Page(NamedTuple):
    """The requested part of a list; pages count from 1."""

    number: int = 1
    size: int = DEFAULT_PAGE_SIZE

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def end(self) -> int:
        return self.offset + self.size

    def headers(self, total: int) -> dict[str, str]:
        """The `X-Pagination` header for a list of `total` entries."""
        numbers = {
            "total": total,
            "total_pages": -(-total // self.size),
            "page": self.number,
            "page_size": self.size,
        }
        return {"X-Pagination": orjson.dumps(numbers).decode()}
