/** Whether what an address says of where can be drawn: anybody can write an address. */

function isNested(value: unknown, depth: number): boolean {
  if (!Array.isArray(value)) {
    return false;
  }
  return depth === 0
    ? value.length >= 2 && value.every(Number.isFinite)
    : value.every((inner) => isNested(inner, depth - 1));
}

/** Any GeoJSON with all that its type needs. Whether it can be asked with is said by the server. */
export function isShape(given: unknown): boolean {
  if (!given || typeof given !== 'object') {
    return false;
  }
  const { type, coordinates, geometry, geometries, features } = given as Record<string, unknown>;
  switch (type) {
    case 'Polygon':
      return isNested(coordinates, 2);
    case 'MultiPolygon':
      return isNested(coordinates, 3);
    case 'Feature':
      return !geometry || isShape(geometry);
    case 'GeometryCollection':
      return Array.isArray(geometries) && geometries.every(isShape);
    case 'FeatureCollection':
      return Array.isArray(features) && features.every(isShape);
    default:
      return typeof type === 'string';
  }
}

/** Whether box, area and circle of a filter are what they should be, where they are there. */
export function isWhere(given: object): boolean {
  const { bbox, area, near } = given as Record<string, unknown>;
  const { lon, lat, km } = (near ?? {}) as Record<string, unknown>;
  return (
    (!bbox || (isNested(bbox, 0) && (bbox as number[]).length === 4)) &&
    (!area || isShape(area)) &&
    (!near || [lon, lat, km].every(Number.isFinite))
  );
}
