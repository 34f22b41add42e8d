import { describe, expect, it } from 'vitest';
import { copernicusLink, geoUri, openStreetMapLink, zoomFor } from './links';

describe('links to look at a place elsewhere', () => {
  it('have latitude and longitude where each site wants them', () => {
    expect(geoUri(12.5, -41.25)).toBe('geo:-41.25000,12.50000');
    expect(openStreetMapLink(12.5, -41.25, 9)).toContain('#map=9/-41.25000/12.50000');
    const link = new URL(copernicusLink(12.5, -41.25, 9));
    expect([link.searchParams.get('lat'), link.searchParams.get('lng')]).toEqual([
      '-41.25000',
      '12.50000',
    ]);
    expect(link.searchParams.has('fromTime')).toBe(false);
  });

  it('go to the day of the picture where it is known', () => {
    const link = new URL(copernicusLink(0, 0, 9, '2022-07-12T09:50:31Z'));
    expect(link.searchParams.get('fromTime')).toBe('2022-07-12T00:00:00.000Z');
    expect(link.searchParams.get('toTime')).toBe('2022-07-12T23:59:59.999Z');
    expect(copernicusLink(0, 0, 9, 'no date')).not.toContain('fromTime');
  });

  it('go nearer for smaller tiles', () => {
    expect(zoomFor(200, 0)).toBe(9);
    expect(zoomFor(3.84, 0)).toBeGreaterThan(13);
    expect(zoomFor(0, 89)).toBeLessThanOrEqual(17);
  });
});
