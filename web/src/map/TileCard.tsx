/** The chosen tile, in brief: its picture, its score, and what can be asked from it. */
import { Button, CloseButton, Group, Text, Title } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowsMaximize, IconSparkles } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { addRow, askPlace, closeTile, moreLikeThis } from '../actions';
import { formatCount, formatPlace, formatScore } from '../format';
import { RivalScore } from '../compare/RivalScore';
import { t } from '../i18n';
import { LabelButtons } from '../labels/LabelButtons';
import { TilePicture } from '../panels/TilePicture';
import { openTile } from '../results/actions';
import { countAtLeast, scoreOfLevel } from '../scores';
import { useStore } from '../state';
import { useTile } from '../useTile';

export function TileCard() {
  const row = useStore((state) => state.selected);
  return row === null ? null : <Card key={row} row={row} />;
}

function Card({ row }: { row: number }) {
  const isLarge = useStore((state) => state.viewed !== null);
  useHotkeys(isLarge ? [] : [['Escape', closeTile]]);
  const tile = useTile(row);
  const card = useRef<HTMLElement>(null);

  // On narrow screens the map may have been scrolled out of view.
  useEffect(() => {
    card.current?.scrollIntoView({ block: 'center' });
  }, []);

  const info = useStore((state) => state.info);
  const positions = useStore((state) => state.positions);
  const field = useStore((state) => state.field);
  if (!positions || 2 * row >= positions.length) {
    return null; // the set is on its way, or the address names a tile that it does not have
  }
  const lon = positions[2 * row]!;
  const lat = positions[2 * row + 1]!;
  const level = field?.raw[row] ?? 0;
  const where = formatPlace(lon, lat);
  return (
    <section ref={card} className="tile-card floating" aria-label={t('Chosen tile')} data-row={row}>
      <CloseButton
        className="tile-close"
        size="sm"
        aria-label={t('Close the tile')}
        onClick={closeTile}
      />
      <div className="tile-picture">
        <TilePicture
          row={row}
          size={384}
          alt={t('Satellite view of the tile at {where}', { where })}
          retry
        />
      </div>
      <div className="tile-text">
        <Title order={3} size="sm">
          {where}
        </Title>
        <Text size="xs" c="dimmed" truncate>
          {tile?.id ?? t('row {row}', { row })}
        </Text>
        {field && level > 0 && (
          <Text size="xs" mt={2}>
            {t('Score {score} · place {place} of {count}', {
              score: formatScore(scoreOfLevel(field, level)),
              place: formatCount(countAtLeast(field, level)),
              count: formatCount(field.valid),
            })}
          </Text>
        )}
        <RivalScore row={row} />
        <Group gap={6} mt="xs" grow>
          <Button
            size="compact-sm"
            px={6}
            leftSection={<IconSparkles size={15} />}
            onClick={() => moreLikeThis(row)}
          >
            {t('More like this')}
          </Button>
        </Group>
        <Group gap={6} mt={6} grow>
          <Button
            variant="default"
            size="compact-xs"
            px={6}
            leftSection={<IconArrowsMaximize size={13} />}
            title={t('Show the tile large, with all that is known of it')}
            onClick={() => openTile(row)}
          >
            {t('Open')}
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            px={6}
            title={t('Add to the query: more like this')}
            onClick={() => addRow(row, 1)}
          >
            {t('+ Add')}
          </Button>
        </Group>
        <Group gap={6} mt={6} grow>
          <Button
            variant="default"
            size="compact-xs"
            px={6}
            onClick={() => addRow(row, -1)}
            title={t('Less like this')}
          >
            {t('− Less')}
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            px={6}
            disabled={info !== null && !info.takes.includes('place')}
            onClick={() => askPlace({ lon, lat })}
            title={t('Search like this place')}
          >
            {t('Place')}
          </Button>
        </Group>
        <div className="tile-labels">
          <LabelButtons row={row} />
        </div>
      </div>
    </section>
  );
}
