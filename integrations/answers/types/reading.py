"""What an endpoint declares about reading its answers, beside `response_type`."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.answers.types.calendar_window import CalendarWindow
from integrations.answers.types.page_extract import PageExtract
from integrations.answers.types.text_extract import TextExtract, TextLines
from integrations.answers.types.xml_lists import ListPath


@dataclass(frozen=True, slots=True)
class Reading:
    """The compiled members of an endpoint that a parser takes."""

    xml_lists: tuple[ListPath, ...] = ()
    """Elements of an XML answer that are lists however often they occur, by their names from the root on."""
    text: TextExtract | TextLines | None = None
    page: PageExtract | None = None
    calendar: CalendarWindow | None = None

    @property
    def makes_object(self) -> bool:
        """Whether an object is made of a text or a page, from which `select` can select."""
        return self.text is not None or self.page is not None


READ_PLAINLY = Reading()
