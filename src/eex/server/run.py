"""Listening: the port is taken before anything is said, so a taken one is told in words."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from eex.config import Settings
from eex.errors import PortInUseError

MAX_PORT = 65_535


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, port 0 for any free one.

    Raises:
        PortInUseError: If the address is taken, not ours, or not an address.
    """
    if not 0 <= port <= MAX_PORT:
        message = f"There is no port {port}."
        raise PortInUseError(message, hint=f"Ports run from 0 to {MAX_PORT}; 0 takes a free one.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        message = f"{host!r} is not an address of this machine."
        raise PortInUseError(message, hint="127.0.0.1 serves this machine only.") from error
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
        taken.listen(128)
    except OSError as error:
        taken.close()
        message = f"{host}:{port} cannot be listened on: {error.strerror or error}."
        hint = "Choose another port: --port 8001, or --port 0 for any free one."
        raise PortInUseError(message, hint=hint) from error
    return taken


def serve_forever(
    settings: Settings, *, sets: tuple[Path, ...] = (), say: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C, on `settings.host` and `settings.port`.

    Raises:
        PortInUseError: If the address cannot be listened on.
    """
    taken = listen(settings.host, settings.port)
    import uvicorn

    from eex.server.app import create_app

    app = create_app(settings, sets=sets)
    host, port = taken.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"Serving on http://{shown}:{port}  (Ctrl-C ends it)")
    if not settings.token and not ip_address(host).is_loopback:
        say("Whoever reaches this address may ask: set EEX_TOKEN to close it.")
    config = uvicorn.Config(app, log_level="warning")
    with taken, suppress(KeyboardInterrupt):  # Ctrl-C is how it is meant to end
        uvicorn.Server(config).run(sockets=[taken])
