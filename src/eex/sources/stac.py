"""Scenes of a STAC API: asked page by page, looked at again, in a fixed order.

Servers differ in what they understand. Area and dates are always sent; clouds only to servers that
say they can (conformance classes of the query and filter extensions), since others answer with
nothing. Whatever comes is looked at again here, so what is listed is what was asked for.

Source:
    STAC API 1.0.0, item search; STAC API extensions query and filter.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from eex.errors import (
    BadQueryError,
    EexError,
    MissingExtraError,
    OfflineError,
    RefusedAddressError,
    SourceError,
)
from eex.remote.addresses import Policy, checked
from eex.sources.refs import Listed, Ref
from eex.sources.stac_bands import read_bands
from eex.sources.stac_items import Catalogue, scenes_of
from eex.sources.wanted import Wanted
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from eex.config import Settings

EARTH_SEARCH = "https://earth-search.aws.element84.com/v1"
"""Catalogue of Sentinel-2 as GeoTIFFs that everybody may read."""

COLLECTION = "sentinel-2-l2a"
"""What it is called there, at Planetary Computer and at the Copernicus Data Space."""

PAGE = 100
"""Items of a page."""

MOST_ITEMS = 200_000
"""Most items that one listing takes; a year of all land has about 3 million."""

MOST_IDLE = 20
"""Pages in a row without anything new after which a server goes round in circles."""

MOST_SENT = 500
"""Vertices of an area up to which it is sent; of others their boxes are."""

TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two parts of an answer."""

TRIES = 4
"""How often a request is tried again, with 0.5, 1, 2, 4 seconds between, or as the server says."""

_CAUSE = re.compile(r'Failed to (?:resolve|establish)[^"]*')
_ERRNO = re.compile(r"\[Errno -?\d+\] ")
"""What urllib3 says at the end of a long text: why no connection came about."""

AGAIN = (408, 429, 500, 502, 503, 504)
"""Statuses after which it is tried again."""


class StacSource:
    """Scenes of one collection of a STAC API."""

    name = "stac"

    def __init__(
        self,
        settings: Settings,
        *,
        wanted: Wanted,
        api: str = EARTH_SEARCH,
        collection: str = COLLECTION,
        bands: Mapping[str, str] | str = "",
        tries: int = TRIES,
    ) -> None:
        """Nothing is asked before `refs`.

        Args:
            settings: Whether anything may be fetched, and from where.
            wanted: Which scenes.
            api: Address of the API's root.
            collection: One of its collections.
            bands: Band -> asset, or B04=red,B03=green, where they are not told by their usual
                names.
            tries: How often a request that failed is tried again.

        Raises:
            BadQueryError: If the address is none, or neither area nor dates are given.
        """
        self._settings = settings
        self._wanted = wanted
        self._api = api.rstrip("/")
        self._collection = collection
        self._bands = read_bands(bands)
        self._tries = tries
        try:
            parts = urlsplit(self._api)
        except ValueError:  # brackets that are no IPv6 address
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{api!r} is not the address of a STAC API."
            raise BadQueryError(message, hint=f"Such as {EARTH_SEARCH}.")
        if wanted.area is None and wanted.time is None:
            message = "Neither an area nor dates are given; that would list a whole catalogue."
            raise BadQueryError(message, hint="Give --area, such as 'Tokyo', and --dates 2024-01.")
        where = f", {wanted.place}" if wanted.place else ""
        dates = f", {'/'.join(dict.fromkeys(filter(None, wanted.time)))}" if wanted.time else ""
        self.title = f"{collection} of {parts.hostname}{where}{dates}"

    def asked(self) -> dict[str, Any]:
        """Return what is asked for, as JSON."""
        told: dict[str, Any] = {"source": self.name, "api": self._api}
        told |= {"collection": self._collection, **self._wanted.asked()}
        return told | ({"bands": self._bands} if self._bands else {})

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Return the scenes, in order of time, then name.

        Raises:
            OfflineError: If nothing may be fetched.
            SourceError: If the API cannot be asked, or none of its items has the bands.
            MissingExtraError: If pystac-client is not installed.
        """
        if self._settings.offline:
            message = f"The catalogue {self._api} is not asked: nothing may be fetched."
            raise OfflineError(message, hint="Unset HF_HUB_OFFLINE, or list a file of items.")
        with self._asking():
            client = self._client()
            catalogue = Catalogue.of(self._record(client), own=f"{self._api}/", bands=self._bands)
            return list(scenes_of(self._items(client), catalogue, self._wanted, listed=listed))

    def _items(self, client: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        """Yield the items of all pages of all searches, each once."""
        seen: set[str] = set()
        came = 0
        spans: list[str | None] = [*self._wanted.spans()]
        for where in self._places():
            for when in spans or [None]:
                asked = {"collections": [self._collection], "limit": PAGE, "datetime": when}
                for item in self._search(client, asked | where | self._clouds(client)):
                    came += 1
                    if came > MOST_ITEMS:
                        message = f"The catalogue lists more than {MOST_ITEMS:,} items of these."
                        raise SourceError(message, hint="Ask for a smaller area or fewer dates.")
                    key = str(item.get("id"))
                    if key not in seen:
                        seen.add(key)
                        yield item

    def _search(self, client: Any, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        """Yield the items of one search, by POST, or by GET where only that is served."""
        links = list(client.get_links("search"))
        methods = {str(link.extra_fields.get("method") or "GET").upper() for link in links}
        method = "POST" if "POST" in methods or not links else "GET"
        here: set[str] = set()
        idle = 0
        for page in client.search(method=method, **asked).pages_as_dicts():
            check_stopped()
            fresh = [item for item in page.get("features") or () if str(item.get("id")) not in here]
            here.update(str(item.get("id")) for item in fresh)
            idle = 0 if fresh else idle + 1
            if idle > MOST_IDLE:
                message = f"The pages of {self._api} do not come to an end."
                raise SourceError(message, hint="Ask another catalogue, or a file of items.")
            yield from fresh

    def _places(self) -> list[dict[str, Any]]:
        """Return the area as searches have it: boxes, or the area itself where it is no box."""
        area = self._wanted.area
        if area is None:
            return [{}]
        vertices = sum(len(part.exterior.coords) for part in area.parts)
        if self._wanted.is_box or vertices > MOST_SENT:
            return [{"bbox": list(box)} for box in self._wanted.boxes()]
        return [{"intersects": area.to_geojson()}]

    def _clouds(self, client: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the limit of clouds in the words that the server knows; none if it knows none."""
        most = self._wanted.cloud_cover
        if most is None:
            return {}
        if client.conforms_to("QUERY"):
            return {"query": {"eo:cloud_cover": {"lte": most}}}
        if client.conforms_to("FILTER"):
            args = [{"property": "eo:cloud_cover"}, most]
            return {"filter": {"op": "<=", "args": args}, "filter_lang": "cql2-json"}
        return {}

    def _record(self, client: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the record of the collection."""
        from pystac_client.exceptions import APIError

        found = None
        try:
            found = client.get_collection(self._collection)
        except APIError as error:
            if getattr(error, "status_code", None) != 404:  # noqa: PLR2004
                raise
        if found is None:
            known = sorted(each.id for each in client.get_collections())
            message = f"{self._api} has no collection {self._collection!r}."
            hint = f"It has: {', '.join(known)[:400]}." if known else "It has none."
            raise SourceError(message, hint=hint)
        return dict(found.to_dict(include_self_link=False, transform_hrefs=False))

    def _client(self) -> Any:  # noqa: ANN401
        """Return a client of the API, patient and wary."""
        try:
            from pystac_client import Client
            from pystac_client.stac_api_io import StacApiIO
        except ImportError as error:
            message = "Asking STAC APIs needs pystac-client, which is not installed."
            hint = "pip install 'earth-embedding-explorer[stac]'"
            raise MissingExtraError(message, hint=hint) from error
        reading = StacApiIO(timeout=TIMEOUT, max_retries=None)
        adapter = _adapter(self._api, self._settings, self._tries)
        for scheme in ("http://", "https://"):
            reading.session.mount(scheme, adapter)
        return Client.open(self._api, stac_io=reading)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Say in words what goes wrong."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pystac-client, about what a server lacks
                yield
        except EexError:
            raise
        except Exception as error:
            if (refused := _refusal(error)) is not None:
                raise refused from error
            raise _in_words(self._api, error) from error


def _adapter(api: str, settings: Settings, tries: int) -> Any:  # noqa: ANN401
    """Return what sends requests: it tries again, and goes to other hosts only if public.

    A page may name the next one, and a server may redirect; neither may lead into a network.
    """
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    own = urlsplit(api).netloc.lower()
    policy = Policy(hosts=settings.fetch_hosts)
    retry = Retry(
        total=tries,
        backoff_factor=0.5,
        status_forcelist=AGAIN,
        allowed_methods=None,
        respect_retry_after_header=True,
        raise_on_status=False,
    )

    class Wary(HTTPAdapter):
        def send(self, request: PreparedRequest, **told: Any) -> Response:  # type: ignore[override]  # noqa: ANN401
            url = str(request.url)
            if urlsplit(url).netloc.lower() != own:
                checked(url, policy)
            return super().send(request, **told)

    return Wary(max_retries=retry)


def _refusal(error: BaseException) -> RefusedAddressError | None:
    """Return the refusal of an address that lies behind an error of pystac-client."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, RefusedAddressError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _in_words(api: str, error: Exception) -> SourceError:
    """Return what a fault of asking means."""
    from pystac_client.exceptions import APIError

    status = getattr(error, "status_code", None)
    if status in {401, 403}:
        message = f"The catalogue {api} does not answer without a login ({status})."
        return SourceError(message, hint="Give the address of one that is open to everybody.")
    if status == 404:  # noqa: PLR2004
        message = f"There is no STAC API at {api}."
        return SourceError(message, hint=f"Check the address; it is such as {EARTH_SEARCH}.")
    if status in AGAIN:
        message = f"The catalogue {api} does not answer now ({status}), asked several times."
        return SourceError(message, hint="Try again later, or ask for a smaller area.")
    if status is not None:
        message = f"The catalogue {api} does not accept the question ({status}): {_short(error)}."
        return SourceError(message, hint="Ask for a simpler area, or another catalogue.")
    if isinstance(error, APIError):
        message = f"The catalogue {api} cannot be reached: {_short(error)}."
        return SourceError(message, hint="Check the address and the network, then try again.")
    message = f"What {api} answers is not a STAC API's: {_short(error)}."
    return SourceError(message, hint=f"Check the address; it is such as {EARTH_SEARCH}.")


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if found := _CAUSE.search(text):
        text = _ERRNO.sub("", found[0]).partition("'))")[0]
    return text if len(text) <= 200 else f"{text[:200]}…"  # noqa: PLR2004
