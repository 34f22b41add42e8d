/**
 * The best tiles as pictures, in one row or, where there is room, in several. However many there
 * are, only those in and around the window are in the page.
 */
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type RefObject,
} from 'react';
import { ResultCard } from '../panels/ResultCard';
import { getState, watch } from '../state';
import type { Answer, Result } from '../types';
import { offsetShowing, useRange } from './windowed';

/** Of one card, pixels, as in results.css. */
const WIDTH = 124;
const HEIGHT = 166;
const PART_LINE = 16;
const GAP = 12;
/** Lists of up to so many are in the page as a whole. */
const ALL = 48;

interface Grid {
  isStrip: boolean;
  /** Cards side by side. */
  across: number;
  /** Cards that fit in what is seen. */
  page: number;
}

/**
 * How cards are laid out in a box of this size: one row scrolls sideways, several scroll down. A box
 * as high as its contents (`isFree`) has one row.
 */
function layOut(width: number, height: number, card: number, isFree: boolean): Grid {
  const across = Math.max(1, Math.floor((width + GAP) / (WIDTH + GAP)));
  const down = Math.max(1, Math.floor((height + GAP) / (card + GAP)));
  const isStrip = isFree || height < 1.7 * card;
  return { isStrip, across, page: isStrip ? across : across * down };
}

function useGrid(box: RefObject<HTMLElement | null>, card: number, isFree: boolean): Grid {
  const [grid, setGrid] = useState<Grid>({ isStrip: true, across: 6, page: 6 });
  useLayoutEffect(() => {
    const element = box.current!;
    const look = () => {
      const next = layOut(element.clientWidth, element.clientHeight, card, isFree);
      setGrid((old) => (JSON.stringify(old) === JSON.stringify(next) ? old : next));
    };
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [box, card, isFree]);
  return grid;
}

/** Where a key leads from a place in the list; null for keys that do not move. */
function moved(key: string, from: number, count: number, { isStrip, across, page }: Grid) {
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: isStrip ? Number.NaN : across,
    ArrowUp: isStrip ? Number.NaN : -across,
    PageDown: page,
    PageUp: -page,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  if (step === undefined || Number.isNaN(step)) {
    return null;
  }
  return Math.max(0, Math.min(count - 1, from + step));
}

/** Place of a row of the set; -1 if it is no result. */
function placeIn(results: Result[], row: number | null): number {
  return row === null ? -1 : results.findIndex((result) => result.row === row);
}

/** Scroll so that a line of cards is seen. */
function bring(element: HTMLElement, line: number, stride: number, isStrip: boolean): void {
  const [offset, viewport] = isStrip
    ? [element.scrollLeft, element.clientWidth]
    : [element.scrollTop, element.clientHeight];
  const next = offsetShowing(line, stride, { offset, viewport });
  if (next !== offset) {
    element.scrollTo(isStrip ? { left: next } : { top: next });
  }
}

interface Props {
  answer: Answer;
  parts: string[];
  /** Whether the list is as high as its contents. */
  isFree: boolean;
  isMapHidden: boolean;
}

export function Gallery({ answer, parts, isFree, isMapHidden }: Props) {
  const { results } = answer;
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(() => Math.max(0, placeIn(results, getState().selected)));
  const focusWanted = useRef(false);
  const card = HEIGHT + PART_LINE * parts.length;
  const grid = useGrid(box, card, isFree);
  const { isStrip, across } = grid;
  const perLine = isStrip ? 1 : across;
  const stride = (isStrip ? WIDTH : card) + GAP;
  const range = useRange(box, {
    count: results.length,
    perLine,
    stride,
    overscan: results.length <= ALL ? ALL : isStrip ? 8 : 2,
    isHorizontal: isStrip,
  });

  const show = useCallback(
    (place: number) => bring(box.current!, Math.floor(place / perLine), stride, isStrip),
    [perLine, stride, isStrip],
  );

  // A tile that was chosen elsewhere comes into view.
  useEffect(() => {
    const place = placeIn(results, getState().selected);
    if (place >= 0) {
      show(place);
    }
    return watch('selected', (row) => {
      const next = placeIn(results, row);
      if (next >= 0) {
        setActive(next);
        show(next);
      }
    });
  }, [results, show]);

  // The card that a key led to may have come into the page only now.
  useEffect(() => {
    const button = box.current?.querySelector<HTMLElement>(`[data-place="${active}"]`);
    if (focusWanted.current && button) {
      focusWanted.current = false;
      button.focus({ preventScroll: true });
    }
  });

  // The tab key comes to the card where one was last, or to what is seen of the list.
  const reached = Math.max(range.start, Math.min(active, range.end - 1));

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const isCard = (event.target as HTMLElement).dataset.place !== undefined;
    const next = isCard ? moved(event.key, reached, results.length, grid) : null;
    if (next !== null && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      focusWanted.current = true;
      setActive(next);
      show(next);
    }
  };

  const shown = results.slice(range.start, range.end);
  const room = isStrip
    ? { paddingLeft: range.before, paddingRight: range.after }
    : { paddingTop: range.before, paddingBottom: range.after };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the cards inside
    <div
      ref={box}
      className="gallery-scroll"
      data-strip={isStrip || undefined}
      onKeyDown={onKeyDown}
      onFocus={({ target }) => {
        if (target.dataset.place !== undefined) {
          setActive(Number(target.dataset.place));
        }
      }}
    >
      <ul className="gallery" style={room} aria-labelledby="results-title">
        {shown.map((result, at) => (
          <ResultCard
            key={result.row}
            result={result}
            count={results.length}
            isActive={range.start + at === reached}
            parts={parts}
            isMapHidden={isMapHidden}
          />
        ))}
      </ul>
    </div>
  );
}
