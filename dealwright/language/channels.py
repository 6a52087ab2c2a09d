"""A channel of a vendor, over which messages go: WhatsApp, the chat inside a CRM, SMS."""

from __future__ import annotations

from dataclasses import dataclass

from dealwright.language.keys import MAX_KEY
from dealwright.language.origin import refused


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that the target file connects, by its key. Not yet: `up` refuses what sends over one."""

    key: str

    def __post_init__(self) -> None:
        key = self.key
        if not isinstance(key, str) or not key.isascii() or not key.isidentifier() or key != key.lower():
            shown = repr(key)[:80] if isinstance(key, str) else f"a {type(key).__name__}"
            raise refused(
                f"{shown} cannot be the key of a channel: keys are lower-case letters, digits and underscores",
                hint='chat = Channel("kommo_chat")',
            )
        if len(key) > MAX_KEY:
            raise refused(f"the key of a channel has at most {MAX_KEY} characters", hint='Channel("kommo_chat")')
