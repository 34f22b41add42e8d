/** A typed place: "48.9, 2.4", "48.9N 2.4E", "2.4 E, 48.9 N". Latitude comes first without letters. */
import { t } from './i18n';

export type TypedPlace =
  | { kind: 'place'; lon: number; lat: number }
  | { kind: 'wrong'; message: string }
  /** Not numbers: perhaps a name. */
  | { kind: 'name' };

const NUMBER = String.raw`([+-]?\d+(?:\.\d+)?)\s*°?\s*([NSEW])?`;
const PAIR = new RegExp(String.raw`^\s*${NUMBER}\s*[,;\s]\s*${NUMBER}\s*$`, 'i');

interface Angle {
  value: number;
  letter: string;
}

function angle(digits: string, letter: string | undefined): Angle {
  const upper = (letter ?? '').toUpperCase();
  const sign = upper === 'S' || upper === 'W' ? -1 : 1;
  return { value: sign * Number(digits), letter: upper };
}

function isLon({ letter }: Angle): boolean {
  return letter === 'E' || letter === 'W';
}

function isLat({ letter }: Angle): boolean {
  return letter === 'N' || letter === 'S';
}

export function parsePlace(typed: string): TypedPlace {
  const match = PAIR.exec(typed);
  if (!match) {
    return { kind: 'name' };
  }
  const first = angle(match[1]!, match[2]);
  const second = angle(match[3]!, match[4]);
  if ((isLat(first) && isLat(second)) || (isLon(first) && isLon(second))) {
    return { kind: 'wrong', message: t('Give one latitude (N or S) and one longitude (E or W).') };
  }
  const swapped = isLon(first) || isLat(second);
  const lat = (swapped ? second : first).value;
  const lon = (swapped ? first : second).value;
  if (Math.abs(lat) > 90 && Math.abs(lon) <= 90 && !swapped) {
    return {
      kind: 'wrong',
      message: t('Latitude comes first: did you mean {lon}, {lat}?', { lon, lat }),
    };
  }
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) {
    return { kind: 'wrong', message: t('Latitude is from −90 to 90, longitude from −180 to 180.') };
  }
  return { kind: 'place', lon, lat };
}
