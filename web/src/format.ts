/** Numbers as words a person reads. */
import { t } from './i18n';

const COUNT = new Intl.NumberFormat('en');

export function formatCount(count: number): string {
  return COUNT.format(count);
}

export function formatPercent(percent: number): string {
  if (percent < 0.1) {
    return t('under 0.1 %');
  }
  if (percent >= 10) {
    return `${Math.round(percent)} %`;
  }
  return `${Number(percent.toPrecision(2))} %`;
}

/** Latitude first, as people write it: 21.4° N, 12.9° E. */
export function formatPlace(lon: number, lat: number, digits = 1): string {
  const northSouth = `${Math.abs(lat).toFixed(digits)}° ${lat < 0 ? 'S' : 'N'}`;
  const eastWest = `${Math.abs(lon).toFixed(digits)}° ${lon < 0 ? 'W' : 'E'}`;
  return `${northSouth}, ${eastWest}`;
}

export function formatScore(score: number): string {
  return Number.isFinite(score) ? score.toFixed(3) : t('none');
}

export function formatWeight(weight: number): string {
  const size = Math.abs(weight);
  return `${weight < 0 ? '−' : '+'}${Number(size.toFixed(2))}`;
}
