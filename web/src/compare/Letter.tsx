/** A and B: which side of a comparison something belongs to. */
import type { Mark } from '../state';

export const LETTERS: Record<Mark['higher'], string> = { main: 'A', rival: 'B' };

export function Letter({ side }: { side: Mark['higher'] }) {
  return (
    <span className="letter" data-side={side}>
      {LETTERS[side]}
    </span>
  );
}
