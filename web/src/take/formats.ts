/** What an answer can be taken away as: names of the server, and what each is for. */
import { t } from '../i18n';

export type FormName = 'geojson' | 'csv' | 'kml' | 'geoparquet' | 'stac' | 'png' | 'chips' | 'zip';

export interface Form {
  /** `format` of the server's export route. */
  name: FormName;
  title: string;
  /** What it is for, and what opens it. */
  use: string;
  /** Whether it is made of pixels, which takes the server a while. */
  hasPixels?: boolean;
}

/** Files, most used first; asked for anew when the language changes. */
export function forms(): Form[] {
  return [
    {
      name: 'geojson',
      title: 'GeoJSON',
      use: t('The best tiles as points: QGIS, geojson.io, web maps'),
    },
    { name: 'csv', title: 'CSV', use: t('The best tiles as a table: Excel, pandas, R') },
    { name: 'kml', title: 'KML', use: t('Placemarks and outlines: Google Earth, phones') },
    {
      name: 'geoparquet',
      title: 'GeoParquet',
      use: t('Table with outlines: GeoPandas, DuckDB, QGIS, BigQuery'),
    },
    {
      name: 'stac',
      title: t('STAC items'),
      use: t('Item collection for catalogues: pystac, QGIS, stac-browser'),
    },
    {
      name: 'png',
      title: t('World map'),
      use: t('PNG with the score of every tile, for slides and papers'),
    },
    {
      name: 'chips',
      title: t('Pixels'),
      use: t('ZIP of GeoTIFFs of the best tiles: QGIS, rasterio, GDAL'),
      hasPixels: true,
    },
    {
      name: 'zip',
      title: t('Everything'),
      use: t('ZIP of all files above with a README, for archives'),
      hasPixels: true,
    },
  ];
}
