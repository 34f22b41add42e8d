/** The chosen tile: its picture, its score, and what can be asked from it. */
import { Anchor, Button, CloseButton, Group, Text, Title } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconSparkles } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { addRow, askPlace, closeTile, moreLikeThis } from '../actions';
import { pixelsUrl } from '../api';
import { formatCount, formatPlace, formatScore } from '../format';
import { countAtLeast, scoreOfLevel } from '../scores';
import { TilePicture } from '../panels/TilePicture';
import { useStore } from '../state';
import { useTile } from '../useTile';

export function TileCard() {
  const row = useStore((state) => state.selected);
  return row === null ? null : <Card key={row} row={row} />;
}

function Card({ row }: { row: number }) {
  useHotkeys([['Escape', closeTile]]);
  const tile = useTile(row);
  const card = useRef<HTMLElement>(null);

  // On narrow screens the map may have been scrolled out of view.
  useEffect(() => {
    card.current?.scrollIntoView({ block: 'center' });
  }, []);

  const set = useStore((state) => state.set);
  const info = useStore((state) => state.info);
  const positions = useStore((state) => state.positions);
  const field = useStore((state) => state.field);
  if (!positions) {
    return null;
  }
  const lon = positions[2 * row]!;
  const lat = positions[2 * row + 1]!;
  const level = field?.raw[row] ?? 0;
  return (
    <section ref={card} className="tile-card floating" aria-label="Chosen tile">
      <CloseButton
        className="tile-close"
        size="sm"
        aria-label="Close the tile"
        onClick={closeTile}
      />
      <div className="tile-picture">
        <TilePicture
          row={row}
          size={384}
          alt={`Satellite view of the tile at ${formatPlace(lon, lat)}`}
        />
      </div>
      <div className="tile-text">
        <Title order={3} size="sm">
          {formatPlace(lon, lat)}
        </Title>
        <Text size="xs" c="dimmed">
          {tile?.id ?? `row ${row}`}
        </Text>
        {field && level > 0 && (
          <Text size="xs" mt={2}>
            Score {formatScore(scoreOfLevel(field, level))} · place{' '}
            {formatCount(countAtLeast(field, level))} of {formatCount(field.valid)}
          </Text>
        )}
        <Button
          fullWidth
          mt="xs"
          size="compact-sm"
          leftSection={<IconSparkles size={15} />}
          onClick={() => moreLikeThis(row)}
        >
          More like this
        </Button>
        {info?.pixels === 'majortom' && (
          <Anchor size="xs" mt={6} display="block" href={pixelsUrl(set, row)} download>
            Pixels as GeoTIFF
          </Anchor>
        )}
        <Group gap={6} mt={6} grow>
          <Button
            variant="default"
            size="compact-xs"
            px={6}
            title="Add to the query: more like this"
            onClick={() => addRow(row, 1)}
          >
            + Add
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            px={6}
            onClick={() => addRow(row, -1)}
            title="Less like this"
          >
            − Less
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            px={6}
            disabled={info !== null && !info.takes.includes('place')}
            onClick={() => askPlace({ lon, lat })}
            title="Search like this place"
          >
            Place
          </Button>
        </Group>
      </div>
    </section>
  );
}
