"""Health check of a container: ends with 0 when the server that runs beside it answers.

Reads what the server reads, so that it is let in: EEX_PORT, EEX_ALLOWED_HOSTS, EEX_TOKEN.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

SECONDS = 4.0
"""Within which the server must answer."""


def main() -> int:
    """Ask `/api/v1/health` and say what is wrong, if anything is."""
    port = os.environ.get("EEX_PORT") or "8000"
    hosts = [h.strip() for h in os.environ.get("EEX_ALLOWED_HOSTS", "").split(",") if h.strip()]
    known = (hosts or ["127.0.0.1"])[0]
    headers = {"Host": known.replace("*.", "health.", 1) if known != "*" else "127.0.0.1"}
    if token := os.environ.get("EEX_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/health", headers=headers)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=SECONDS) as answer:
            status = json.load(answer).get("status")
    except (OSError, ValueError) as error:
        print(f"The server does not answer well: {error}", file=sys.stderr)
        return 1
    if status != "ok":
        print(f"The server says {status!r}.", file=sys.stderr)
    return int(status != "ok")


if __name__ == "__main__":
    sys.exit(main())
