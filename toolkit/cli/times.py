"""Times as a person types them (floor 8): ISO 8601, or how long ago."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    Base = click.ParamType[datetime]
else:
    Base = click.ParamType  # it became generic in click 8.3

Command = TypeVar("Command", bound=Callable[..., Any])
_AGO: Final = re.compile(r"^-?(\d+(?:\.\d+)?)\s*(m|min|h|d|w)(?:\s*ago)?$")
_UNIT: Final = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(Base):
    """A time as 2026-03-14T09:10Z, ``now``, or ``2h`` for two hours ago; without a zone it is taken as UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a time, aware and in UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        if text.lower() == "now":
            return datetime.now(UTC)
        ago = _AGO.match(text)
        try:
            if ago:
                return datetime.now(UTC) - timedelta(**{_UNIT[ago.group(2)]: float(ago.group(1))})
            read = datetime.fromisoformat(text)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text[:40]!r} is no time; write 2026-03-14T09:10Z, now, or 2h for two hours ago.", param, ctx)


MOMENT: Final = Moment()


def span_option(flag: str, says: str) -> Callable[[Command], Command]:
    """Make an option of two times of which the first is the earlier one."""
    return click.option(flag, type=MOMENT, nargs=2, metavar="FROM TO", callback=_in_order, help=says)


def _in_order(_: click.Context, param: click.Parameter, span: tuple[datetime, datetime] | None) -> Any:
    if span is not None and span[1] <= span[0]:
        start, end = (moment.isoformat(timespec="minutes").replace("+00:00", "Z") for moment in span)
        raise click.BadParameter(f"it ends at {end}, not after its start at {start}.", param=param)
    return span
