/** Headings of the table; a click sorts by one, a second click the other way round. */
import { UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import type { Column } from './columns';
import type { Sorting } from './order';

interface Props {
  columns: Column[];
  sorting: Sorting;
  sort: (by: string) => void;
}

function sortOf({ by, isDown }: Sorting, key: string): 'ascending' | 'descending' | undefined {
  if (by !== key) {
    return undefined;
  }
  return isDown ? 'descending' : 'ascending';
}

export function TableHead({ columns, sorting, sort }: Props) {
  const Arrow = sorting.isDown ? IconArrowDown : IconArrowUp;
  return (
    <div className="table-head" role="rowgroup">
      <div className="table-row" role="row" aria-rowindex={1}>
        {columns.map(({ key, title, full, isNumber, isFixed }, index) => (
          <div
            key={key}
            className="table-cell"
            role="columnheader"
            aria-colindex={index + 1}
            aria-sort={sortOf(sorting, key)}
            data-number={isNumber || undefined}
            title={full ?? title}
          >
            {isFixed ? (
              <span>{title}</span>
            ) : (
              <UnstyledButton className="table-sort" onClick={() => sort(key)}>
                <span>{title}</span>
                {sorting.by === key && <Arrow size={13} aria-hidden="true" />}
              </UnstyledButton>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}
