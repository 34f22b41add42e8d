/**
 * Lists longer than a page can hold: only the lines in and around the window are made. Lines have
 * one size; the rest of the list is empty room before and after them.
 */
import { useLayoutEffect, useState, type RefObject } from 'react';

export interface Shape {
  /** Items in the list. */
  count: number;
  /** Items side by side in one line. */
  perLine: number;
  /** Pixels from one line to the next. */
  stride: number;
  /** Lines that are made before and after what is seen. */
  overscan: number;
  isHorizontal?: boolean;
}

/** Items from `start` to before `end` are made; `before` and `after` are pixels left empty. */
export interface Range {
  start: number;
  end: number;
  before: number;
  after: number;
}

export function rangeAt(offset: number, viewport: number, shape: Shape): Range {
  const { count, perLine, stride, overscan } = shape;
  const lines = Math.ceil(count / perLine);
  const top = Math.floor(Math.max(0, offset) / stride);
  const first = Math.max(0, Math.min(top - overscan, lines));
  const last = Math.min(lines, top + Math.ceil(viewport / stride) + 1 + overscan);
  return {
    start: first * perLine,
    end: Math.min(count, last * perLine),
    before: first * stride,
    after: Math.max(0, lines - last) * stride,
  };
}

/** Where to scroll so that a line is in view; as it is, if it is already. `head` covers the top. */
export function offsetShowing(
  line: number,
  stride: number,
  { offset, viewport, head = 0 }: { offset: number; viewport: number; head?: number },
): number {
  const top = line * stride;
  if (top < offset) {
    return top;
  }
  const bottom = top + stride + head - viewport;
  return Math.max(offset, bottom);
}

export function useRange(box: RefObject<HTMLElement | null>, shape: Shape): Range {
  const { count, perLine, stride, overscan, isHorizontal = false } = shape;
  const [range, setRange] = useState<Range>(() => rangeAt(0, 800, shape));

  // A box that is observed anew reports its size at once, before it is painted.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) {
      return undefined;
    }
    const look = () => {
      const { scrollLeft, scrollTop, clientWidth, clientHeight } = element;
      const [offset, viewport] = isHorizontal
        ? [scrollLeft, clientWidth]
        : [scrollTop, clientHeight];
      const next = rangeAt(offset, viewport, { count, perLine, stride, overscan });
      setRange((old) =>
        old.start === next.start && old.end === next.end && old.after === next.after ? old : next,
      );
    };
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      watcher.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [box, count, perLine, stride, overscan, isHorizontal]);
  // What was looked at before may be longer than the list is now.
  return { ...range, start: Math.min(range.start, count), end: Math.min(range.end, count) };
}
