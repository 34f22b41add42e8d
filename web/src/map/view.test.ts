import { describe, expect, it } from 'vitest';
import { copiesIn } from './view';

describe('what is seen of the world', () => {
  it('is one box inside it', () => {
    const [seen, ...others] = copiesIn([0.4, 0.4, 0.6, 0.6], 10);
    expect(others).toEqual([]);
    expect(seen!.wrap).toBe(0);
    expect(seen!.box[0]).toBeLessThan(0.4);
    expect(seen!.box[2]).toBeGreaterThan(0.6);
    expect(seen!.box[2]).toBeLessThan(0.601);
  });

  it('is two boxes across the date line, each in its own copy', () => {
    const seen = copiesIn([0.95, 0.4, 1.05, 0.6], 10);
    expect(seen.map(({ wrap }) => wrap)).toEqual([0, 1]);
    expect(seen[1]!.box[0]).toBeCloseTo(-0.05, 2);
    expect(seen[1]!.box[2]).toBeCloseTo(0.05, 2);
  });

  it('leaves more room towards the poles, where tiles are drawn larger', () => {
    const [near] = copiesIn([0.4, 0.05, 0.6, 0.1], 100);
    const [far] = copiesIn([0.4, 0.49, 0.6, 0.51], 100);
    expect(0.4 - near!.box[0]).toBeGreaterThan(4 * (0.4 - far!.box[0]));
  });
});
