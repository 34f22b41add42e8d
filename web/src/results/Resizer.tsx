/** The upper edge of the list, which is dragged or moved with the arrow keys. */
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import { t } from '../i18n';

export const LEAST = 150;
/** What is left for the map at least. */
const MAP_LEAST = 140;
const STEP = 24;
const LEAP = 120;

interface Props {
  /** Of the list, pixels; null is as high as its contents. */
  height: number | null;
  setHeight: (height: number | null) => void;
}

function mostOf(section: HTMLElement): number {
  const room = section.parentElement?.clientHeight ?? window.innerHeight;
  return Math.max(LEAST, room - MAP_LEAST);
}

export function Resizer({ height, setHeight }: Props) {
  const bar = useRef<HTMLDivElement>(null);
  const grip = useRef<number | null>(null);
  const section = () => bar.current!.parentElement!;
  const change = (wanted: number) =>
    setHeight(Math.round(Math.min(mostOf(section()), Math.max(LEAST, wanted))));

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    grip.current = event.clientY + section().clientHeight;
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (grip.current !== null) {
      change(grip.current - event.clientY);
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const now = section().clientHeight;
    const heights: Record<string, number> = {
      ArrowUp: now + STEP,
      ArrowDown: now - STEP,
      PageUp: now + LEAP,
      PageDown: now - LEAP,
      Home: LEAST,
      End: Number.POSITIVE_INFINITY,
    };
    const wanted = heights[event.key];
    if (wanted !== undefined) {
      event.preventDefault();
      change(wanted);
    } else if (event.key === 'Enter') {
      setHeight(null);
    }
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a window splitter
    <div
      ref={bar}
      className="results-edge"
      role="separator"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it is moved with keys
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label={t('Height of the list; Enter sets it back')}
      aria-valuemin={LEAST}
      aria-valuemax={2_000}
      aria-valuenow={height ?? LEAST}
      aria-valuetext={height === null ? t('as usual') : t('{px} pixels', { px: height })}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        grip.current = null;
      }}
      onPointerCancel={() => {
        grip.current = null;
      }}
      onDoubleClick={() => setHeight(null)}
      onKeyDown={onKeyDown}
    />
  );
}
