/**
 * The best tiles as a table: sorted by any column, read with the arrow keys, linked with the map.
 * Of up to 50,000 rows only those in and around the window are in the page.
 */
import { VisuallyHidden } from '@mantine/core';
import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
} from 'react';
import { pointAt, select } from '../actions';
import { formatCount } from '../format';
import { t } from '../i18n';
import { useStore, watch } from '../state';
import type { Answer, Result } from '../types';
import { openTile } from './actions';
import type { Column } from './columns';
import { BY_RANK, orderBy, sortedAnew, type Sorting } from './order';
import { TableHead } from './TableHead';
import { TableRow } from './TableRow';
import { offsetShowing, useRange } from './windowed';

/** Heights, pixels, as in results.css. */
const ROW = 44;
const HEAD = 32;
const HINT = 'table-keys';

interface Props {
  answer: Answer;
  columns: Column[];
  isMapHidden: boolean;
}

/** Where a key leads; null for keys that do not move. */
function moved(key: string, from: number, count: number, page: number): number | null {
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  return step === undefined ? null : Math.max(0, Math.min(count - 1, from + step));
}

/** Line of a row of the set; -1 if it is no result. */
function lineOf(row: number | null, results: Result[], order: number[]): number {
  return row === null ? -1 : order.findIndex((at) => results[at]!.row === row);
}

/** Scroll so that a line is seen. */
function bring(element: HTMLElement, line: number): void {
  const seen = { offset: element.scrollTop, viewport: element.clientHeight, head: HEAD };
  const next = offsetShowing(line, ROW, seen);
  if (next !== element.scrollTop) {
    element.scrollTop = next;
  }
}

export function ResultTable({ answer, columns, isMapHidden }: Props) {
  const { results } = answer;
  const box = useRef<HTMLDivElement>(null);
  const [sorting, setSorting] = useState<Sorting>(BY_RANK);
  const selected = useStore((state) => state.selected);
  const order = useMemo(() => orderBy(results, sorting), [results, sorting]);
  const firstLine = useRef(lineOf(selected, results, order));
  const [active, setActive] = useState(() => Math.max(0, lineOf(selected, results, order)));
  const count = order.length;
  const range = useRange(box, { count, perLine: 1, stride: ROW, overscan: 6 });

  // A tile that was chosen elsewhere comes into view.
  useEffect(() => {
    if (firstLine.current >= 0) {
      bring(box.current!, firstLine.current);
    }
  }, []);
  useEffect(
    () =>
      watch('selected', (row) => {
        const line = lineOf(row, results, order);
        if (line >= 0) {
          setActive(line);
          bring(box.current!, line);
        }
      }),
    [results, order],
  );

  const sort = (by: string) => {
    setSorting(sortedAnew(sorting, by));
    setActive(0);
    box.current!.scrollTop = 0;
  };

  const choose = useCallback(
    (line: number, isLarge: boolean) => {
      const { row } = results[order[line]!]!;
      setActive(line);
      if (isLarge || isMapHidden) {
        openTile(row);
      } else {
        select(row, true);
      }
    },
    [results, order, isMapHidden],
  );

  const go = (line: number) => {
    setActive(line);
    bring(box.current!, line);
    pointAt(results[order[line]!]!.row);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(1, Math.floor((box.current!.clientHeight - HEAD) / ROW) - 1);
    const next = moved(event.key, active, count, page);
    if (next !== null) {
      event.preventDefault();
      go(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      choose(active, event.shiftKey);
    }
  };

  const lines = Array.from({ length: range.end - range.start }, (_, at) => range.start + at);
  if (active < count && (active < range.start || active >= range.end)) {
    lines.push(active); // what the keyboard is on is always there to be read out
  }
  const tracks = columns.map(({ width }) => width).join(' ');
  return (
    <>
      <VisuallyHidden id={HINT}>
        {t('Arrow keys go through the rows, Enter chooses one, Shift and Enter enlarges it.')}
      </VisuallyHidden>
      <div
        ref={box}
        className="table-scroll"
        role="grid"
        data-row={count > 0 ? results[order[active]!]?.row : undefined}
        tabIndex={0}
        aria-label={t('Best tiles, {count} rows', { count: formatCount(count) })}
        aria-describedby={HINT}
        aria-rowcount={count + 1}
        aria-colcount={columns.length}
        aria-activedescendant={count > 0 ? `line-${active}` : undefined}
        style={{ '--tracks': tracks } as CSSProperties}
        onKeyDown={onKeyDown}
        onBlur={() => pointAt(null)}
      >
        <TableHead columns={columns} sorting={sorting} sort={sort} />
        <div className="table-body" role="rowgroup" style={{ height: count * ROW }}>
          {lines.map((line) => (
            <TableRow
              key={results[order[line]!]!.row}
              line={line}
              result={results[order[line]!]!}
              columns={columns}
              isActive={line === active}
              isSelected={results[order[line]!]!.row === selected}
              choose={choose}
            />
          ))}
        </div>
      </div>
    </>
  );
}
