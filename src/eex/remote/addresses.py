"""Which addresses may be asked: those in data files lead to public hosts only, unless allowed.

Two checks, both needed. An address is looked at as text before anything is asked (`checked`), and
every IP address that its name stands for is looked at when it is connected to (`addresses_of`), so
a name that stands for another address a moment later (DNS rebinding) gains nothing.

Source: the IANA special-purpose address registries (RFC 6890), as the standard library has them,
and the forms in which an IPv6 address carries an IPv4 one (RFC 4291, 6052, 3056, 4380, 5214).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from eex.errors import RefusedAddressError

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST = 8192
"""Most characters of an address; signed ones have up to 2,000."""

PORTS = {"http": 80, "https": 443}
"""Ports that are asked where an address names none."""

FIRST_FREE_PORT = 1024
"""Ports below belong to other services, such as mail."""

LOCAL_NAMES = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "localdomain",
    "svc",
)
"""Names, and ends of names, that mean something inside a network only (RFC 6761, 6762, 8375; svc
are services of Kubernetes)."""

REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments; metadata at Oracle
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # the host of a virtual machine at Azure, though public by number
        "64:ff9b:1::/48",  # NAT64 inside a network
        "100::/64",  # discard
        "fec0::/10",  # site-local
        "2001::/23",  # protocol assignments, Teredo among them
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing inside a network
    )
)
"""Networks that are not public, beyond those that the standard library knows."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for the IPv4 address in their last 32 bits."""

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]+)*\.?")
_NUMBERS = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+))*\.?")
_PLAIN = re.compile(r"[!-~]+")

HINT = "If you trust it, allow it with EEX_FETCH_HOSTS (host, or host:port)."


@dataclass(frozen=True)
class Policy:
    """Which hosts may be asked."""

    public: bool = True
    """Only public hosts, besides `hosts`; False for addresses that a user typed."""
    hosts: tuple[str, ...] = ()
    """Hosts, as `host` or `host:port`, that may be asked whatever their IP address."""

    def trusts(self, host: str, port: int) -> bool:
        """Whether a host may be asked whatever its IP address."""
        if not self.public:
            return True
        name = plain_host(host)
        return any(_same(entry, name, port) for entry in self.hosts)


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address taken apart."""

    scheme: str
    """http or https."""
    host: str
    """Host in lower case; IPv6 addresses without brackets."""
    port: int
    """TCP port."""
    path: str
    """Path and query, as they are sent."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port


def checked(url: str, policy: Policy) -> Target:
    """Take an address apart, refusing those that must not be asked.

    Raises:
        RefusedAddressError: If it is not http or https, is written oddly, or does not lead to a
            public host, as far as can be told without asking for its IP address.
    """
    parts = _split(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    target = Target(
        scheme=parts.scheme,
        host=host,
        port=port,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    if policy.trusts(host, port):
        return target
    literal = literal_ip(host)
    if literal is not None:
        if not is_public(literal):
            raise _refused(url, f"{host} is not a public address")
    elif _NUMBERS.fullmatch(host):
        raise _refused(url, f"{host} is an odd way to write an IP address")
    else:
        name = plain_host(host)
        if "." not in name or any(name == end or name.endswith(f".{end}") for end in LOCAL_NAMES):
            raise _refused(url, f"{host} is the name of a host inside a network")
    if port < FIRST_FREE_PORT and port not in PORTS.values():
        raise _refused(url, f"port {port} belongs to another service")
    return target


def addresses_of(host: str, port: int, policy: Policy) -> list[tuple[int, str]]:
    """Ask once which IP addresses a name stands for, and refuse it if one is not public.

    Returns:
        Family and address of each, in the order in which they are to be tried.

    Raises:
        RefusedAddressError: If one of them is not public and the host is not allowed.
        socket.gaierror: If there is no such host.
    """
    found: dict[tuple[int, str], None] = {}
    for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if family in {socket.AF_INET, socket.AF_INET6}:
            found[int(family), str(place[0])] = None
    if not policy.trusts(host, port):
        for _, text in found:
            if not is_public(ipaddress.ip_address(text.partition("%")[0])):
                raise _refused(host, f"{host} stands for {text}, which is not a public address")
    return list(found)


def is_public(address: IP) -> bool:
    """Whether an IP address belongs to a host that everybody can reach."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = carried(address)
        if inner is not None and not is_public(inner):
            return False
        if address in NAT64:
            return True
    if any(address.version == net.version and address in net for net in REFUSED):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or address.is_private
    )


def carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, or None."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    number = int(address)
    isatap = (number >> 32) & 0xFFFFFFFF in {0x00005EFE, 0x02005EFE}
    if address in NAT64 or isatap or number >> 32 == 0:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return None


def literal_ip(host: str) -> IP | None:
    """Return the IP address that a host is written as, in its usual form; None for names."""
    try:
        return ipaddress.ip_address(host.removesuffix("."))
    except ValueError:
        return None


def plain_host(host: str) -> str:
    """Return a host name as it is compared: lower case, no dot at its end, no brackets."""
    return host.lower().strip("[]").removesuffix(".")


def _split(url: str) -> SplitResult:
    """Take an address apart, refusing what different programs would read differently."""
    if len(url) > LONGEST or not _PLAIN.fullmatch(url) or "\\" in url:
        raise _refused(url, "it has characters that an address cannot have")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(url, "it is not an address") from error
    if parts.scheme not in PORTS:
        raise _refused(url, "only http and https are fetched")
    host = parts.hostname or ""
    if "@" in parts.netloc:
        raise _refused(url, "it has a user name in it")
    bracketed = parts.netloc.startswith("[")
    if bracketed:
        literal = literal_ip(host)
        wrong = not isinstance(literal, ipaddress.IPv6Address) or "%" in host
    else:
        wrong = not _HOST.fullmatch(host)
    if wrong or port == 0:
        raise _refused(url, "its host is not written as hosts are")
    return parts


def _same(entry: str, host: str, port: int) -> bool:
    """Whether an entry of the list of allowed hosts means a host and port."""
    entry = entry.strip().lower()
    if plain_host(entry) == host:
        return True
    name, colon, digits = entry.rpartition(":")
    return bool(colon) and digits == str(port) and plain_host(name) == host


def _refused(url: str, why: str) -> RefusedAddressError:
    shown = url if len(url) <= 80 else f"{url[:60]}…"  # noqa: PLR2004
    message = f"{shown!r} is not fetched: {why}."
    return RefusedAddressError(message, hint=HINT)
