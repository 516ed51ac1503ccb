"""What the engine reports."""

from typing import NamedTuple

from httpcore_models.multiplexing import END_OF_STREAM as END_OF_STREAM
from httpcore_models.multiplexing import NEED_DATA as NEED_DATA
from httpcore_models.multiplexing import Event as Event
from httpcore_models.multiplexing import Failure as Failure
from httpcore_models.multiplexing import InformationalResponse as InformationalResponse
from httpcore_models.multiplexing import ResponseHead as ResponseHead
from httpcore_models.multiplexing import Trailers as Trailers


class ChangedSetting(NamedTuple):
    """A setting of the server (RFC 9113 section 6.5.2); `original_value` is `None` if there was none."""

    setting: int
    original_value: int | None
    new_value: int


class RemoteSettingsChanged:
    """The settings in a SETTINGS frame of the server, by their identifier."""

    def __init__(self, changed_settings: dict[int, ChangedSetting]) -> None:
        self.changed_settings = changed_settings

    def __repr__(self) -> str:
        changes = ", ".join(map(repr, self.changed_settings.values()))
        return f"<RemoteSettingsChanged changed_settings:{{{changes}}}>"
