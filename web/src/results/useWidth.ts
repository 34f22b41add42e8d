/** The width of an element, in steps, so that nothing is drawn anew for a pixel. */
import { useLayoutEffect, useState, type RefObject } from 'react';

const STEP = 20;

export function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(1_000);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) {
      return undefined;
    }
    const look = () => setWidth(Math.floor(element.clientWidth / STEP) * STEP);
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [box]);
  return width;
}
