/** Zoom and pan of the large picture by wheel, drag, pinch, keys and buttons. */
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
} from 'react';
import { fitted, isFitted, moved, within, zoomed, type Sight, type Size } from './zoom';

/** How much a press of a key or a button zooms, and a key moves. */
export const STEP = 1.5;
const MOVE_PX = 60;
/** How much a notch of the wheel zooms. */
const WHEEL = 0.0018;

interface Point {
  x: number;
  y: number;
}

function useSize(box: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 600, height: 600 });
  useLayoutEffect(() => {
    const element = box.current!;
    const look = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [box]);
  return size;
}

function middle([a, b]: Point[]): Point {
  return b ? { x: (a!.x + b.x) / 2, y: (a!.y + b.y) / 2 } : a!;
}

function distance([a, b]: Point[]): number {
  return b ? Math.hypot(a!.x - b.x, a!.y - b.y) : 1;
}

/** Sight of a picture in a box; another subject is seen as a whole again. */
export function useSight(box: RefObject<HTMLElement | null>, picture: Size, subject: string) {
  const room = useSize(box);
  const [kept, setKept] = useState<{ subject: string; sight: Sight } | null>(null);
  const fingers = useRef(new Map<number, Point>());
  const isMine = kept !== null && kept.subject === subject;
  const sight = isMine ? within(kept.sight, picture, room) : fitted(picture, room);
  const isWhole = isFitted(sight, picture, room);

  const change = useCallback(
    (make: (old: Sight) => Sight) =>
      setKept((old) => {
        const before = old !== null && old.subject === subject ? old.sight : fitted(picture, room);
        return { subject, sight: make(within(before, picture, room)) };
      }),
    [subject, picture, room],
  );
  const zoom = useCallback(
    (factor: number, at?: Point) => {
      const centre = { x: room.width / 2, y: room.height / 2 };
      change((old) => zoomed(old, factor, at ?? centre, picture, room));
    },
    [change, picture, room],
  );
  const move = (x: number, y: number) => change((old) => moved(old, { x, y }, picture, room));
  const fit = () => setKept(null);

  // React listens to wheels passively; a zoom must keep the page from scrolling.
  useEffect(() => {
    const element = box.current!;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      zoom(Math.exp(-event.deltaY * pixels * WHEEL), {
        x: event.clientX - left,
        y: event.clientY - top,
      });
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [box, zoom]);

  const here = (event: PointerEvent): Point => {
    const { left, top } = box.current!.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, here(event));
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    if (!fingers.current.has(event.pointerId)) {
      return;
    }
    const before = [...fingers.current.values()].slice(0, 2);
    fingers.current.set(event.pointerId, here(event));
    const after = [...fingers.current.values()].slice(0, 2);
    const [from, to] = [middle(before), middle(after)];
    const factor = distance(after) / Math.max(1, distance(before));
    change((old) =>
      moved(
        zoomed(old, factor, from, picture, room),
        { x: to.x - from.x, y: to.y - from.y },
        picture,
        room,
      ),
    );
  };
  const onPointerUp = (event: PointerEvent<HTMLElement>) => {
    fingers.current.delete(event.pointerId);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const keys: Record<string, () => void> = {
      '+': () => zoom(STEP),
      '=': () => zoom(STEP),
      '-': () => zoom(1 / STEP),
      '0': fit,
      // While the whole is seen, arrows lead to other tiles.
      ...(isWhole
        ? {}
        : {
            ArrowLeft: () => move(MOVE_PX, 0),
            ArrowRight: () => move(-MOVE_PX, 0),
            ArrowUp: () => move(0, MOVE_PX),
            ArrowDown: () => move(0, -MOVE_PX),
          }),
    };
    const act = keys[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };
  const handlers = {
    onPointerDown,
    onPointerMove,
    onPointerUp,
    onPointerCancel: onPointerUp,
    onKeyDown,
  };
  return { sight, isWhole, zoom, fit, handlers };
}
