/** Conditions in words, for chips. */
import type { Condition } from '../filter';
import { formatCount, formatPlace } from '../format';
import { spoken, t } from '../i18n';
import type { Filter, Span } from '../types';

/** Short name of a month, 1 to 12. */
export function monthName(month: number): string {
  const locale = spoken() === 'zh' ? 'zh-CN' : 'en';
  return new Intl.DateTimeFormat(locale, { month: 'short' }).format(new Date(2021, month - 1, 15));
}

/** Last days of the months; a season to the end of February has leap days too. */
const LAST_DAYS = ['31', '29', '31', '30', '31', '30', '31', '31', '30', '31', '30', '31'];

function two(month: number): string {
  return String(month).padStart(2, '0');
}

/** A season of whole months, 1 to 12; across New Year where the first comes after the last. */
export function seasonOf(first: number, last: number): Span {
  return [`${two(first)}-01`, `${two(last)}-${LAST_DAYS[last - 1]}`];
}

/** Months in which a season begins and ends; null if it says none. */
export function monthsOf(season: Span | null | undefined): [number, number] | null {
  const [first, last] = (season ?? []).map((day) => Number((day ?? '').slice(0, 2)));
  return first && last ? [first, last] : null;
}

function dayWords(day: string | null, isFirst: boolean): string {
  const [month = 0, date = ''] = [Number((day ?? '').slice(0, 2)), (day ?? '').slice(3)];
  if (month < 1 || month > 12) {
    return day ?? '';
  }
  const whole = isFirst ? ['01'] : [LAST_DAYS[month - 1], month === 2 ? '28' : ''];
  return whole.includes(date) ? monthName(month) : `${monthName(month)} ${Number(date)}`;
}

function spanWords([first, last]: Span): string {
  if (first && last) {
    return first === last ? first : `${first} – ${last}`;
  }
  return first ? t('from {date}', { date: first }) : t('until {date}', { date: last ?? '' });
}

function number(value: number): string {
  return String(Number(value.toFixed(2))).replace('-', '−');
}

function corners({ area }: Filter): number {
  const rings = area?.type === 'Polygon' ? area.coordinates : area?.coordinates?.flat();
  return (rings ?? []).reduce((sum, ring) => sum + Math.max(0, ring.length - 1), 0);
}

/** One condition of a filter, as its chip says it. */
export function conditionWords(filter: Filter, condition: Condition): string {
  const { bbox, near, time, season, cloud, where } = filter;
  switch (condition) {
    case 'bbox':
      return t('Box {numbers}', { numbers: (bbox ?? []).map(number).join(', ') });
    case 'area':
      return t('Area of {count} corners', { count: formatCount(corners(filter)) });
    case 'near':
      return t('Within {km} km of {place}', {
        km: formatCount(near!.km),
        place: formatPlace(near!.lon, near!.lat),
      });
    case 'time':
      return spanWords(time!);
    case 'season':
      return `${dayWords(season![0], true)} – ${dayWords(season![1], false)}`;
    case 'cloud':
      return t('Clouds up to {percent} %', { percent: cloud! });
    case 'where':
      return where!;
  }
}
