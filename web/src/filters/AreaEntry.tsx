/** Where: drawn on the map, typed or pasted, or opened from a file. */
import { Button, FileButton, TextInput } from '@mantine/core';
import { IconFileUpload, IconPolygon, IconRectangle } from '@tabler/icons-react';
import { useState, type ClipboardEvent, type ReactNode } from 'react';
import { setDrawing } from '../actions';
import { t } from '../i18n';
import { useStore, type Drawing } from '../state';
import { parseArea } from './parse';
import type { Shape } from './shape';

interface Entry {
  purpose: Drawing['purpose'];
  take: (shape: Shape) => void;
  /** What the server said. */
  wrong?: string | undefined;
  children?: ReactNode;
}

function DrawButton({ shape, purpose }: Drawing) {
  const isDrawing = useStore(
    ({ drawing }) => drawing?.shape === shape && drawing.purpose === purpose,
  );
  const isBox = shape === 'box';
  const Icon = isBox ? IconRectangle : IconPolygon;
  return (
    <Button
      variant={isDrawing ? 'light' : 'default'}
      size="compact-xs"
      leftSection={<Icon size={14} aria-hidden="true" />}
      aria-label={isBox ? t('Draw a box on the map') : t('Draw a polygon on the map')}
      aria-pressed={isDrawing}
      onClick={() => setDrawing(isDrawing ? null : { shape, purpose })}
    >
      {isBox ? t('Box') : t('Polygon')}
    </Button>
  );
}

export function AreaEntry({ purpose, take, wrong, children }: Entry) {
  const [typed, setTyped] = useState('');
  const [own, setOwn] = useState('');

  function use(text: string): void {
    const read = parseArea(text);
    if ('wrong' in read) {
      setOwn(read.wrong);
    } else {
      setOwn('');
      setTyped('');
      take(read.shape);
    }
  }

  function paste(event: ClipboardEvent<HTMLInputElement>): void {
    const text = event.clipboardData.getData('text');
    if (text.trim().startsWith('{')) {
      event.preventDefault();
      use(text);
    }
  }

  return (
    <div className="area-entry">
      <div className="area-buttons">
        <DrawButton shape="box" purpose={purpose} />
        <DrawButton shape="polygon" purpose={purpose} />
        {children}
        <FileButton
          accept=".geojson,.json,application/geo+json,application/json"
          inputProps={{ 'aria-label': t('File of GeoJSON') }}
          onChange={(file) => void file?.text().then(use)}
        >
          {(props) => (
            <Button
              variant="default"
              size="compact-xs"
              leftSection={<IconFileUpload size={14} aria-hidden="true" />}
              aria-label={t('Open a GeoJSON file')}
              {...props}
            >
              GeoJSON
            </Button>
          )}
        </FileButton>
      </div>
      <TextInput
        size="xs"
        aria-label={t('Area: west, south, east, north, or GeoJSON')}
        placeholder={t('west, south, east, north – or GeoJSON')}
        value={typed}
        error={own || wrong || null}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setOwn('');
        }}
        onPaste={paste}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault();
            use(typed);
          }
        }}
      />
    </div>
  );
}
