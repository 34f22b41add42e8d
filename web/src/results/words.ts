/** Dates, distances and settings of the list as words. */
import { formatCount } from '../format';
import { t } from '../i18n';

/** The day of an ISO date, as it is written in every language: 2022-07-12. */
export function formatDay(time: string | null | undefined): string {
  return time ? time.slice(0, 10) : '';
}

export function formatKm(km: number | null | undefined): string {
  if (km === null || km === undefined) {
    return '';
  }
  const size = km < 10 ? Number(km.toFixed(1)) : formatCount(Math.round(km));
  return t('{km} km', { km: size });
}
