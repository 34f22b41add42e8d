"""One file asked for over HTTP: redirects, who may see the token, and what answers mean.

The standard library does it: one file at a time needs no pool, and proxies and certificates are
then those of the system. Redirects are followed here, since `urllib` would send the token along.
"""

from __future__ import annotations

import errno
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from socket import gaierror
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

from eex.errors import DownloadError

TIMEOUT = 30.0
"""Seconds to wait for a connection, or for the next bytes."""

MAX_HOPS = 10
"""Redirects that are followed."""

NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}
"""Numbers of errors that mean that no network leads there."""

REDIRECTS = {301, 302, 303, 307, 308}

ADDRESS = "%/:?#[]@!$&'()*+,;=~"
"""Characters that an address may have besides letters, digits and `-._`."""

TOLD_BY_HUB = ("x-repo-commit", "x-linked-etag", "x-error-code")
"""What Hugging Face says of a file before it sends on to where the bytes are."""


class UnreachableError(Exception):
    """Nothing answered at all: no such host, refused."""


class FaultError(Exception):
    """A fault that may be gone at the next try."""

    def __init__(self, reason: str, *, wait: float = 0.0) -> None:
        """Keep the reason, and the seconds that the server asks to wait for."""
        super().__init__(reason)
        self.wait = wait


class SilentError(FaultError):
    """No answer came in time."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, redirects followed."""

    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """Headers of the last answer, names in lower case."""
    hub: Mapping[str, str]
    """What the first answer that said it said of the file, see `TOLD_BY_HUB`."""
    etag: str
    """ETag that the hub itself gave, empty if only another host did."""
    url: str
    """Where it came from in the end."""
    at_hub: bool
    """Whether that is the host that was asked."""
    body: IO[bytes]
    """What is left to read."""


@contextmanager
def ask(
    url: str, *, headers: Mapping[str, str] | None = None, token: str = "", timeout: float = TIMEOUT
) -> Iterator[Reply]:
    """Ask for an address.

    Args:
        url: http or https.
        headers: Sent to every host.
        token: Sent to the host of `url` only, whatever it redirects to.
        timeout: Seconds to wait for a connection, or for the next bytes.

    Raises:
        DownloadError: If the connection is not trusted, or redirects lead nowhere.
        UnreachableError: If nothing answers.
        FaultError: If the connection breaks.
    """
    hub: dict[str, str] = {}
    first, etag = _host(url), ""
    for _ in range(MAX_HOPS):
        sent = {"User-Agent": f"eex/{_version()}", "Accept-Encoding": "identity"}
        sent |= headers or {}
        if token and _host(url) == first:
            sent["Authorization"] = f"Bearer {token}"
        with _opened(url, sent, timeout) as response:
            told = {name.lower(): value for name, value in response.headers.items()}
            for name in TOLD_BY_HUB:
                if name in told:
                    hub.setdefault(name, told[name])
            if _host(url) == first:
                etag = told.get("etag", "")
            if response.status not in REDIRECTS:
                yield Reply(
                    status=response.status,
                    headers=told,
                    hub=hub,
                    etag=etag,
                    url=url,
                    at_hub=_host(url) == first,
                    body=response,
                )
                return
        url = _next(url, told.get("location", ""))
    message = f"{urlsplit(url).hostname} redirects in a circle."
    raise DownloadError(message, hint="Try another source with --from.")


def _next(url: str, location: str) -> str:
    """Return where a redirect leads; never from https to http."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1)
    except ValueError:
        known = False
    if not location or not known or parts.username is not None:
        message = f"{urlsplit(url).hostname} redirects to something that is no address."
        raise DownloadError(message, hint="Try another source with --from.")
    if parts.scheme == "http" and urlsplit(url).scheme == "https":
        message = f"{urlsplit(url).hostname} redirects to an address without encryption."
        raise DownloadError(message, hint="Try another source with --from.")
    return quote(target, safe=ADDRESS)


@contextmanager
def _opened(url: str, headers: Mapping[str, str], timeout: float) -> Iterator[Any]:
    host = urlsplit(url).hostname
    try:
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
        ):
            opener.add_handler(handler)
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - http or https, checked
        response = opener.open(request, timeout=timeout)
    except urllib.error.URLError as error:
        raise _fault(host, error.reason, timeout) from error
    except (http.client.InvalidURL, UnicodeError) as error:  # such as a label of 64 characters
        message = f"{url[:80]!r} is no address."
        raise DownloadError(message, hint="Try another source with --from.") from error
    except (OSError, http.client.HTTPException) as error:
        raise _fault(host, error, timeout) from error
    with response:
        yield response


def _fault(host: str | None, reason: object, timeout: float = TIMEOUT) -> Exception:
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = getattr(reason, "verify_message", reason)
        message = f"The certificate of {host} is not trusted: {why}."
        hint = "Set SSL_CERT_FILE to the certificates of your network, or try another source."
        return DownloadError(message, hint=hint)
    if isinstance(reason, OSError) and (lacking := _lacking(host, reason)):
        return UnreachableError(lacking)
    if isinstance(reason, TimeoutError):
        return SilentError(f"{host} did not answer within {timeout:g} seconds")
    if isinstance(reason, http.client.RemoteDisconnected):
        return FaultError(f"{host} closed the connection")
    said = (isinstance(reason, OSError) and reason.strerror) or str(reason)
    return FaultError(f"the connection to {host} broke ({said or type(reason).__name__})")


def _lacking(host: str | None, reason: OSError) -> str:
    """Return why nothing can answer at all; empty if it may."""
    if isinstance(reason, gaierror):
        return f"there is no host {host} to be found"
    if isinstance(reason, ConnectionRefusedError):
        return f"{host} refuses connections"
    return f"there is no way to {host} from here" if reason.errno in NO_WAY else ""


def _host(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _version() -> str:
    try:
        return version("earth-embedding-explorer")
    except PackageNotFoundError:
        return "0"
