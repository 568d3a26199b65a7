"""What can go wrong, as small classes of one base (floor 0).

Every message is one line for a tired reader: what is wrong, where, and what to do. The command line prints it and
exits with 2; nothing here is ever shown as a traceback.
"""

from __future__ import annotations

import os


class PostmortemError(Exception):
    """Base of every error that a user can cause or mend; ``str(error)`` is one line that says what to do."""

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        place = f" ({where})" if where else ""
        remedy = f"; {fix}" if fix else ""
        super().__init__(" ".join(f"{what}{place}{remedy}".split()))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in a cell: the line, and no traceback unless it is asked for."""
        if os.environ.get("POSTMORTEM_DEBUG"):
            raise NotImplementedError  # IPython then shows its own
        return [f"{type(self).__name__}: {self}"]


class LogError(PostmortemError):
    """A prediction log, a reference or an events table cannot be read or used."""


class RolesError(PostmortemError):
    """roles.toml is wrong, or does not fit the columns of the log."""


class StoreError(PostmortemError):
    """The incident store cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another process holds the store; the message names it, its host and since when."""


class StoreRolledBack(StoreError):
    """The database is behind its own journal: somebody wrote to the file without the lock."""


class StaleIncident(StoreError):
    """The incident was changed by somebody else since it was read; read it again, then decide."""


class UnknownIncident(StoreError):
    """There is no incident of that id in this store."""


class TemplateError(PostmortemError):
    """A notebook template is missing, malformed, or was given a parameter that it does not declare."""


class RunFailed(PostmortemError):
    """A template ran and a cell failed; the executed notebook is kept and named."""


class RenderError(PostmortemError):
    """A document cannot be rendered, e.g. it cites evidence that does not exist."""
