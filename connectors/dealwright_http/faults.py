"""What goes wrong at a simulator, as a script says: "the next 3 POST to /api/v4/tasks answer 504 after commit"."""

from __future__ import annotations

from typing import Any

import msgspec

from dealwright_http.server import Received


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong for the next `times` requests that fit.

    A request fits if it has this `method` (any, if none is given), its path begins with `path`, and its body holds the
    text `holds`. Then, in this order: `commit` carries it out now, whatever its caller will hear; `delay` seconds pass;
    with `drop` the connection is reset without an answer, with `status` that is answered instead of the true answer
    (with `body`, or the vendor's own for this status; `retry_after` is the hint in it, given the vendor's way). With
    neither, the true answer goes out, changed as told: its body slowly within `trickle` seconds, `cut` off in the
    middle, or with another `content_type`.
    """

    times: int = 1
    method: str | None = None
    path: str = ""
    holds: str = ""
    commit: bool = False
    delay: float = 0.0
    drop: bool = False
    status: int | None = None
    retry_after: int | None = None
    body: Any = None
    content_type: str | None = None
    trickle: float = 0.0
    cut: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the caller does not get the true answer."""
        return self.drop or self.status is not None

    def fits(self, request: Received) -> bool:
        """Say whether this is one of its requests."""
        return (
            self.method in (None, request.method)
            and request.path.startswith(self.path)
            and self.holds.encode() in request.body
        )


class Script:
    """The faults to come, one after the other."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def extend(self, faults: tuple[Fault, ...] | list[Fault]) -> None:
        """Add faults behind those that wait."""
        self._faults.extend(fault for fault in faults if fault.times > 0)

    def clear(self) -> None:
        """Drop the faults that wait."""
        self._faults.clear()

    def take(self, request: Received) -> Fault | None:
        """Return the first fault that fits, and count it down."""
        for place, fault in enumerate(self._faults):
            if fault.fits(request):
                if fault.times > 1:
                    self._faults[place] = msgspec.structs.replace(fault, times=fault.times - 1)
                else:
                    del self._faults[place]
                return fault
        return None
