/** One row of the table. It takes no focus of its own: the table says which row the keys are on. */
import { memo } from 'react';
import { pointAt } from '../actions';
import type { Result } from '../types';
import type { Column } from './columns';

const ROW = 44;

interface Props {
  line: number;
  result: Result;
  columns: Column[];
  isActive: boolean;
  isSelected: boolean;
  choose: (line: number, isLarge: boolean) => void;
}

export const TableRow = memo(function TableRow({
  line,
  result,
  columns,
  isActive,
  isSelected,
  choose,
}: Props) {
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the grid has the keys
    <div
      id={`line-${line}`}
      className="table-row"
      role="row"
      tabIndex={-1}
      aria-rowindex={line + 2}
      aria-selected={isSelected}
      data-row={result.row}
      data-active={isActive || undefined}
      style={{ transform: `translateY(${line * ROW}px)` }}
      onPointerEnter={() => pointAt(result.row)}
      onPointerLeave={() => pointAt(null)}
      onMouseDown={(event) => {
        // The focus stays with the table, whose keys then go on from here.
        event.preventDefault();
        event.currentTarget.closest<HTMLElement>('[role=grid]')?.focus({ preventScroll: true });
      }}
      onClick={() => choose(line, false)}
      onDoubleClick={() => choose(line, true)}
    >
      {columns.map(({ key, isNumber, cell }, index) => (
        <div
          key={key}
          className="table-cell"
          role="gridcell"
          aria-colindex={index + 1}
          data-number={isNumber || undefined}
          data-column={key}
        >
          {cell(result)}
        </div>
      ))}
    </div>
  );
});
