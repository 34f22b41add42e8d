"""The files that an answer is taken away as."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from eex.export import dumps
from eex.server.answers import PROBLEM, Served, gives

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


@router.get(
    "/searches/{mark}/export",
    operation_id="export",
    response_class=Response,
    responses=gives("application/geo+json"),
)
def export(
    mark: str,
    state: Served,
    format: Annotated[Literal["geojson", "csv"], Query()] = "geojson",  # noqa: A002
) -> Response:
    """Return the best tiles as a file, licence and credit included."""
    found = state.recall(mark).found
    if format == "csv":
        content, media = found.to_csv(), "text/csv; charset=utf-8"
    else:
        content, media = dumps(found.to_geojson()), "application/geo+json"
    name = f'attachment; filename="earth-{mark[:8]}.{format}"'
    return Response(content, media_type=media, headers={"Content-Disposition": name})
