/** What the tiles of a set can be filtered by, as far as one of them shows. */
import { useEffect, useState } from 'react';
import { getTile } from '../api';

export interface Columns {
  /** Names for CQL2, those asked for most first; lists cannot be compared. */
  names: string[];
  hasTimes: boolean;
  hasClouds: boolean;
}

/** Names as the server knows them (`eex.filters.columns`): the first that is there counts. */
const TIMES = [
  'datetime',
  'timestamp',
  'time',
  'date',
  'acquired',
  'acquisition_time',
  'acquisition_date',
  'start_datetime',
];
/** Names of products, which may have a date in them. */
const PRODUCTS = ['product_id', 's2_product_id', 'product_name'];
const DATE = /(19|20)\d\d[01]\d[0-3]\d/;
const CLOUDS = [
  'cloud_cover',
  'eo:cloud_cover',
  'cloudcover',
  'cloud_coverage',
  'cloudy_pixel_percentage',
  'cloud_percentage',
];

type Field = [name: string, value: unknown];

/** Columns with their values; fields of structs as `struct.field`. */
function fieldsIn(properties: Record<string, unknown>, prefix = ''): Field[] {
  return Object.entries(properties).flatMap(([name, value]): Field[] => {
    const isStruct = value !== null && typeof value === 'object' && !Array.isArray(value);
    return isStruct
      ? fieldsIn(value as Record<string, unknown>, `${prefix}${name}.`)
      : [[prefix + name, value]];
  });
}

/** A name as the server looks for it. */
function bare(name: string): string {
  return name.toLowerCase().replace(/^properties\./, '');
}

export function columnsIn(properties: Record<string, unknown>): Columns {
  const fields = fieldsIn(properties);
  const names = fields.filter(([, value]) => !Array.isArray(value)).map(([name]) => name);
  const usual = names.filter((name) => [...TIMES, ...CLOUDS].includes(bare(name)));
  const plain = new Map(fields.map(([name, value]) => [bare(name), value]));
  const hasTimes =
    TIMES.some((name) => plain.has(name)) ||
    PRODUCTS.some((name) => DATE.test(String(plain.get(name) ?? '')));
  const virtual = ['lon', 'lat', ...(hasTimes ? ['year', 'month'] : [])];
  return {
    names: [...new Set([...virtual, ...usual, ...names])],
    hasTimes,
    hasClouds: CLOUDS.some((name) => plain.has(name)),
  };
}

const known = new Map<string, Promise<Columns>>();

/** The columns of a set; null until they are known, or where it has no tile to ask. */
export function useColumns(set: string | undefined): Columns | null {
  const [found, setFound] = useState<{ set: string; columns: Columns } | null>(null);
  useEffect(() => {
    if (!set) {
      return;
    }
    const asking =
      known.get(set) ?? getTile(set, 0).then(({ properties }) => columnsIn(properties));
    known.set(set, asking);
    asking.then(
      (columns) => setFound({ set, columns }),
      () => known.delete(set),
    );
  }, [set]);
  return found && found.set === set ? found.columns : null;
}
