"""Connections that go only where they may: the IP address that was checked is connected to.

urllib3 keeps connections open and shares them among threads; its one method that opens a socket
is replaced here. Names in certificates are still those of the address.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from eex.errors import RemoteError
from eex.remote.addresses import Policy, Target, addresses_of

PER_HOST = 8
"""Connections to one host at once; more bring nothing at 12.5 MB/s (docs/decisions/0007)."""

CONNECT_SECONDS = 5.0
"""Seconds to wait for a connection."""

READ_SECONDS = 10.0
"""Seconds to wait for the next bytes."""

LOOK_SECONDS = 0.1
"""How often is looked for connections whose time is over."""

IDLE_LOOKS = 50
"""Looks at nothing after which the thread ends."""

MOST_ADDRESSES = 8
"""Addresses of one name that are tried; somebody's name may stand for thousands that are silent."""

MOST_POOLS = 64
"""Hosts whose connections are kept open."""


def _open(conn: HTTPConnection, policy: Policy) -> socket.socket:
    """Open a socket to the host of a connection, to an address that was checked."""
    try:
        places = addresses_of(conn._dns_host, conn.port, policy)  # noqa: SLF001 - as urllib3 does
    except (socket.gaierror, UnicodeError) as error:
        gone = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(conn.host, conn, gone) from error
    last: OSError = OSError("the name stands for no address")
    for family, address in places[:MOST_ADDRESSES]:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in conn.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(conn.timeout)
            _uses(sock)
            sock.connect((address, conn.port))
        except OSError as error:
            sock.close()
            last = error
        else:
            sys.audit("http.client.connect", conn, conn.host, conn.port)
            return sock
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(conn, f"connecting to {conn.host} took too long") from last
    raise NewConnectionError(conn, f"{last}") from last


class _Noted(HTTPConnection):
    """A plain connection that can be cut off."""

    def getresponse(self) -> Any:  # noqa: ANN401 - the library's own type
        _uses(self.sock)
        return super().getresponse()


class _NotedTls(HTTPSConnection):
    """A connection with encryption that can be cut off."""

    def getresponse(self) -> Any:  # noqa: ANN401 - the library's own type
        _uses(self.sock)
        return super().getresponse()


class _Guarded(_Noted):
    """A plain connection to where it may go."""

    def __init__(self, *args: Any, policy: Policy, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._policy = policy

    def _new_conn(self) -> socket.socket:
        return _open(self, self._policy)


class _GuardedTls(_NotedTls):
    """A connection with encryption to where it may go."""

    def __init__(self, *args: Any, policy: Policy, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._policy = policy

    def _new_conn(self) -> socket.socket:
        return _open(self, self._policy)


class Alarm:
    """Cuts connections off whose time is over, also while a thread waits for their next byte.

    A server that sends a byte every few seconds is never late by the clock of a socket.
    """

    def __init__(self) -> None:
        """Begin with nothing to look after; the thread that does ends when there is nothing."""
        self._changed = threading.Condition()
        self._set: dict[int, tuple[Callable[[], bool], _Used]] = {}
        self._running = False
        self._next = 0

    @contextmanager
    def set(self, over: Callable[[], bool]) -> Iterator[None]:
        """Look after the connections that this thread uses, until the block ends."""
        used = _Used()
        _mine.used = used
        with self._changed:
            self._next += 1
            mine = self._next
            self._set[mine] = (over, used)
            if not self._running:
                self._running = True
                threading.Thread(target=self._look, name="eex-alarm", daemon=True).start()
        try:
            yield
        finally:
            _mine.used = None
            with self._changed:
                del self._set[mine]

    def _look(self) -> None:
        idle = 0
        while True:
            time.sleep(LOOK_SECONDS)
            with self._changed:
                late = [used for over, used in self._set.values() if over()]
                idle = 0 if self._set else idle + 1
                if idle > IDLE_LOOKS:
                    self._running = False
                    return
                for used in late:
                    used.cut()


class _Used:
    """The connection that a thread uses now."""

    sock: socket.socket | None = None

    def cut(self) -> None:
        """End it; whoever waits for it is told that it broke."""
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # plain, also below TLS


_mine = threading.local()


def _uses(sock: Any) -> None:  # noqa: ANN401 - a socket, with or without TLS
    used = getattr(_mine, "used", None)
    if used is not None:
        used.sock = getattr(sock, "socket", sock)  # the one below TLS inside of TLS, by a proxy


class _ProxyPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Noted


class _ProxyTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _NotedTls


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedTls


@cache
def _context() -> ssl.SSLContext:
    """Return what certificates are trusted: the system's, or those of SSL_CERT_FILE. 25 ms."""
    context: ssl.SSLContext = create_urllib3_context()
    context.load_default_certs()
    return context


class Pools:
    """Open connections by host, and by proxy where the system names one."""

    def __init__(self, *, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS) -> None:
        """Keep how many seconds to wait."""
        self._timeout = urllib3.Timeout(connect=connect, read=read)
        self._lock = threading.Lock()
        self._pools: dict[object, Any] = {}
        self.alarm = Alarm()

    def get(self, target: Target, policy: Policy, headers: dict[str, str]) -> Any:  # noqa: ANN401
        """Send a request and return the answer, of which only the headers have been read."""
        proxy = proxy_for(target)
        pool = self._pool(target, policy, proxy)
        where: str = target.path
        if proxy:
            name = f"[{target.host}]" if ":" in target.host else target.host
            where = f"{target.scheme}://{name}:{target.port}{target.path}"
        return pool.urlopen(
            "GET",
            where,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )

    def close(self) -> None:
        """Close all connections that no thread uses."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.clear() if isinstance(pool, urllib3.PoolManager) else pool.close()

    def _pool(self, target: Target, policy: Policy, proxy: str) -> Any:  # noqa: ANN401
        key = proxy or (target.origin, policy)
        with self._lock:
            pool = self._pools.pop(key, None)
            if pool is None:
                pool = self._made(target, policy, proxy)
            self._pools[key] = pool  # last: used most recently
            while len(self._pools) > MOST_POOLS:
                del self._pools[next(iter(self._pools))]
        return pool

    def _made(self, target: Target, policy: Policy, proxy: str) -> Any:  # noqa: ANN401
        common: dict[str, Any] = {"timeout": self._timeout, "maxsize": PER_HOST, "retries": False}
        if proxy:
            parts = urlsplit(proxy)
            told = urllib3.make_headers()
            if parts.username is not None:
                who = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
                told = urllib3.make_headers(proxy_basic_auth=who)
            return urllib3.ProxyManager(proxy, proxy_headers=told, ssl_context=_context(), **common)
        host = f"[{target.host}]" if ":" in target.host else target.host
        if target.scheme == "https":
            return _TlsPool(host, target.port, ssl_context=_context(), policy=policy, **common)
        return _Pool(host, target.port, policy=policy, **common)


def proxy_for(target: Target) -> str:
    """Return the proxy that the system names for an address; empty if it is asked directly.

    Raises:
        RemoteError: If it is of a kind that is not known here.
    """
    proxy = getproxies().get(target.scheme, "")
    if not proxy or proxy_bypass(f"{target.host}:{target.port}") or proxy_bypass(target.host):
        return ""
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not proxy.lower().startswith(("http://", "https://")):
        message = f"The proxy for {target.scheme} is not an http proxy."
        raise RemoteError(message, hint="Set HTTPS_PROXY to an http proxy, or NO_PROXY.")
    return proxy
