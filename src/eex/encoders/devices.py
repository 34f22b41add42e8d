"""Names of devices: a typo is told for every model, also for those that run on none."""

from __future__ import annotations

import re

from eex.errors import BadQueryError
from eex.registry import unknown_name

KINDS = ("auto", "cpu", "cuda", "mps", "xpu")
"""What networks may be asked to run on; PyTorch's names, and `auto`."""

_NAME = re.compile(rf"{KINDS[0]}|(?:{'|'.join(KINDS[1:])})(?::\d+)?")


def check_device(name: str) -> None:
    """Let pass what names a device; whether this machine has it is told where a network is loaded.

    Raises:
        BadQueryError: If there is no such kind of device.
    """
    if _NAME.fullmatch(name) is None:
        error = unknown_name("device", name, KINDS)
        message = f"There is no device {name!r}."
        raise BadQueryError(message, hint=error.hint)
