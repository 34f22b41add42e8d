/** What an answer can be taken away as: names of the server, and what each is for. */
import { t } from '../i18n';

export interface Form {
  /** `format` of the server's export route. */
  name: string;
  title: string;
  /** What it is for, and what opens it. */
  use: string;
  ending: string;
  /** Whether it takes the server a while: it reads pixels. */
  slow?: boolean;
}

/** Files, most used first; asked for anew when the language changes. */
export function forms(): Form[] {
  return [
    {
      name: 'geojson',
      title: 'GeoJSON',
      use: t('The best tiles on a map: QGIS, geojson.io, web maps'),
      ending: 'geojson',
    },
    {
      name: 'csv',
      title: 'CSV',
      use: t('The best tiles as a table: Excel, pandas, R'),
      ending: 'csv',
    },
  ];
}
