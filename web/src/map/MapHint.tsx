/** What the next click on the map does, while a place is picked or an area drawn. */
import { Button } from '@mantine/core';
import { IconCrosshair, IconPolygon, IconRectangle } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { setDrawing, setPicking } from '../actions';
import { t } from '../i18n';
import { useStore, type Drawing } from '../state';
import { finishDrawing, takeCornerBack } from './draw';

function words(drawing: Drawing | null): string {
  if (!drawing) {
    return t('Click the place on the map.');
  }
  return drawing.shape === 'box'
    ? t('Drag a box on the map.')
    : t('Click the corners; double-click or press Enter to end.');
}

export function MapHint() {
  const picking = useStore((state) => state.picking);
  const drawing = useStore((state) => state.drawing);
  const box = useRef<HTMLDivElement>(null);
  const isOn = picking || drawing !== null;
  useEffect(() => {
    if (isOn) {
      box.current?.parentElement?.scrollIntoView({ block: 'nearest' });
    }
  }, [isOn]);
  useEffect(() => {
    if (!picking) {
      return undefined;
    }
    const press = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') {
        setPicking(false);
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [picking]);
  if (!isOn) {
    return null;
  }
  const Icon = !drawing ? IconCrosshair : drawing.shape === 'box' ? IconRectangle : IconPolygon;
  return (
    <div ref={box} className="map-hint floating" role="status">
      <Icon size={17} aria-hidden="true" />
      <span>{words(drawing)}</span>
      {drawing?.shape === 'polygon' && (
        <>
          <Button variant="default" size="compact-xs" onClick={takeCornerBack}>
            {t('Back')}
          </Button>
          <Button size="compact-xs" onClick={finishDrawing}>
            {t('Done')}
          </Button>
        </>
      )}
      <Button
        variant="default"
        size="compact-xs"
        onClick={() => (drawing ? setDrawing(null) : setPicking(false))}
      >
        {t('Cancel')}
      </Button>
    </div>
  );
}
