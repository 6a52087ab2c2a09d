"""One tree of exceptions.

    DealwrightError
    ├── DefinitionError          a definition cannot be built (raised where the author typed it)
    ├── InputError               a file, an option or a row that cannot be used
    ├── ReleaseError             a release cannot be recorded or activated
    ├── JournalError             the journal refuses what would break an invariant
    └── ConnectorError           an outside system said no, or said nothing
        ├── RateLimited          asked to wait (`retry_after` seconds)
        ├── Unavailable          surely not carried out; may be tried again
        ├── Unauthorized         credentials are wrong or expired
        ├── Rejected             surely refused, will be refused again (`code`)
        │   ├── NotFound         the object is not there
        │   └── TooMuch          larger, deeper or more than is read
        └── OutcomeUnknown       sent, and nobody can say whether it was carried out

The text of an error is for people: what, where, why, what to do. It never carries personal data or secrets.
"""

from __future__ import annotations


class DealwrightError(Exception):
    """Something in Dealwright went wrong."""


class DefinitionError(DealwrightError):
    """A definition cannot be built as written.

    `place` is the file and line that are wrong, where they are others than those that noticed it.
    """

    def __init__(self, message: str, *, code: str = "DW900", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.place: tuple[str, int] | None = None


class InputError(DealwrightError):
    """A file, an option or a row cannot be used."""


class ReleaseError(DealwrightError):
    """A release cannot be recorded or activated."""


class JournalError(DealwrightError):
    """The journal refuses a change that would break an invariant."""


class ConnectorError(DealwrightError):
    """An outside system refused or failed."""

    retryable = False


class RateLimited(ConnectorError):
    """The outside system asks to wait."""

    retryable = True

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.retry_after = retry_after


class Unavailable(ConnectorError):
    """The outside system was not reached, and surely did nothing."""

    retryable = True


class Unauthorized(ConnectorError):
    """The credentials are wrong or expired."""


class Rejected(ConnectorError):
    """The outside system refused, and will refuse again."""

    def __init__(self, message: str = "", *, code: str = "rejected") -> None:
        super().__init__(message or self.__doc__)
        self.code = code


class NotFound(Rejected):
    """The object is not there."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or str(self.__doc__), code="not_found")


class TooMuch(Rejected):
    """It is larger, deeper or more than is read (`code` says which)."""


class OutcomeUnknown(ConnectorError):
    """The request left, and nobody can say whether it was carried out."""
