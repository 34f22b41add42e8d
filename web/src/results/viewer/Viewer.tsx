/** A tile shown large: its picture to zoom into, the heatmap, all that is known, what to do next. */
import { ActionIcon, Button, Modal, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import {
  IconArrowLeft,
  IconArrowRight,
  IconMapPin,
  IconMapSearch,
  IconMinus,
  IconSparkles,
} from '@tabler/icons-react';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { addRow, askPlace, moreLikeThis, select } from '../../actions';
import { heatmapUrl, pictureUrl, pixelsUrl } from '../../api';
import { formatCount, formatPlace } from '../../format';
import { t } from '../../i18n';
import { LabelButtons } from '../../labels/LabelButtons';
import { getState, useStore, watch } from '../../state';
import { useTile } from '../../useTile';
import { closeViewer, leaveViewer, neighbour, openTile, placeOf, showOnMap } from '../actions';
import { Downloads, Links } from './Elsewhere';
import { Facts, TileRecord } from './Facts';
import { seenBox, whyNoHeat } from './heat';
import { HeatControl } from './HeatControl';
import { Stage } from './Stage';
import { useImage } from './useImage';

/** Long side of the heatmap, pixels. */
const HEAT_PX = 768;
/** Side of pictures that are not stored as pixels, the most that the server gives. */
const PICTURE_PX = 1_024;
const TABLE = '.table-scroll';
const VISIBLE = { visibilityProperty: true };

/** Give the focus back to what opened the view, or to the tile that was seen last in the list. */
function useFocusBack(row: number | null): void {
  const opener = useRef<Element | null>(null);
  const last = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (row !== null) {
      last.current = row;
      return;
    }
    const card = `.gallery [data-row="${last.current}"] .card-main`;
    const places = [opener.current, document.querySelector(card), document.querySelector(TABLE)];
    const seen = places.find((one) => one?.isConnected && one.checkVisibility(VISIBLE));
    if (last.current !== null && seen instanceof HTMLElement) {
      seen.focus({ preventScroll: true });
    }
    last.current = null;
  }, [row]);
  useEffect(
    () =>
      watch('viewed', (next) => {
        if (next !== null && last.current === null) {
          opener.current = document.activeElement;
        }
      }),
    [],
  );
}

export function Viewer() {
  const row = useStore((state) => state.viewed);
  useFocusBack(row);
  const answer = useStore((state) => state.answer);
  const isNarrow = useMediaQuery('(max-width: 820px)', false) ?? false;
  const shownFor = useRef(answer);

  // What is shown large belongs to its answer; another one takes its place.
  useEffect(() => {
    if (shownFor.current !== answer) {
      shownFor.current = answer;
      if (getState().viewed !== null) {
        closeViewer();
      }
    }
  }, [answer]);
  return (
    <Modal.Root
      opened={row !== null}
      onClose={closeViewer}
      fullScreen={isNarrow}
      size="min(1240px, 94vw)"
      centered
      transitionProps={{ duration: 0 }}
      returnFocus={false}
      className="viewer"
    >
      <Modal.Overlay backgroundOpacity={0.6} />
      <Modal.Content>{row !== null && <Large row={row} />}</Modal.Content>
    </Modal.Root>
  );
}

/** Whether keys of this element are its own. */
function hasOwnKeys(target: EventTarget): boolean {
  return target instanceof HTMLElement && target.closest('input, [role=slider]') !== null;
}

function useHeat(row: number, isOn: boolean) {
  const info = useStore((state) => state.info);
  const answer = useStore((state) => state.answer);
  const why = whyNoHeat(info, answer);
  const heat = useImage(isOn && !why ? heatmapUrl(answer!.id, row, HEAT_PX) : null);
  return { why, heat };
}

function Large({ row }: { row: number }) {
  const set = useStore((state) => state.set);
  const info = useStore((state) => state.info);
  const positions = useStore((state) => state.positions);
  const answer = useStore((state) => state.answer);
  const tile = useTile(row);
  const [isWhole, setWhole] = useState(false);
  const [isHeatOn, setHeatOn] = useState(false);
  const [opacity, setOpacity] = useState(0.6);
  const place = placeOf(row);
  const result = place < 0 ? null : answer!.results[place]!;
  const lon = result?.lon ?? positions?.[2 * row] ?? 0;
  const lat = result?.lat ?? positions?.[2 * row + 1] ?? 0;
  const isStored = info?.pixels === 'majortom';
  const showsWhole = isWhole && isStored;
  const crop = showsWhole ? 'whole' : 'embedded';
  const source = isStored
    ? pixelsUrl(set, row, { crop, format: 'png' })
    : pictureUrl(set, row, PICTURE_PX);
  const hasPictures = info !== null && info.pixels !== '';
  const picture = useImage(hasPictures ? source : null);
  const where = formatPlace(lon, lat);
  const seen = showsWhole ? seenBox(tile?.properties) : null;
  // Over the whole tile the heatmap has a place only where the tile says what was embedded.
  const { why, heat } = useHeat(row, isHeatOn && (!showsWhole || seen !== null));

  const step = (by: 1 | -1) => {
    const next = neighbour(row, by);
    if (next !== null) {
      openTile(next);
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const isStep = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
    if (isStep && !hasOwnKeys(event.target) && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      step(event.key === 'ArrowRight' ? 1 : -1);
    }
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of all that is inside
    <div className="viewer-frame" data-row={row} onKeyDown={onKeyDown}>
      <Modal.Header className="viewer-head">
        <Step by={-1} row={row} step={step} />
        <Step by={1} row={row} step={step} />
        <Modal.Title className="viewer-title">
          {result && <span className="viewer-rank">{formatCount(result.rank)}</span>}
          <span aria-live="polite">{result?.near ?? where}</span>
        </Modal.Title>
        <Modal.CloseButton aria-label={t('Close the large view')} />
      </Modal.Header>
      <Modal.Body className="viewer-body">
        <div className="viewer-left">
          <Stage
            subject={`${row} ${crop}`}
            alt={t('Satellite view at {where}', { where })}
            set={set}
            row={row}
            hasPictures={hasPictures}
            picture={picture}
            heat={heat}
            opacity={opacity}
            seen={seen}
          />
          <HeatControl
            why={why}
            heat={heat}
            isOn={isHeatOn}
            setOn={setHeatOn}
            opacity={opacity}
            setOpacity={setOpacity}
            isStored={isStored}
            isWhole={isWhole}
            setWhole={setWhole}
          />
        </div>
        <div className="viewer-right">
          <Actions row={row} lon={lon} lat={lat} />
          <div className="viewer-labels">
            <LabelButtons row={row} />
          </div>
          <Facts row={row} lon={lon} lat={lat} result={result} tile={tile} />
          <h3 className="facts-title">{t('Look elsewhere')}</h3>
          <Links lon={lon} lat={lat} km={info?.tile_km ?? 10} time={result?.time ?? null} />
          {hasPictures && <h3 className="facts-title">{t('Save')}</h3>}
          {info && <Downloads key={row} info={info} row={row} />}
          <TileRecord row={row} tile={tile} />
        </div>
      </Modal.Body>
    </div>
  );
}

function Step({ by, row, step }: { by: 1 | -1; row: number; step: (by: 1 | -1) => void }) {
  const isOff = neighbour(row, by) === null;
  const label = by === 1 ? t('Next best tile') : t('Better tile before');
  const Icon = by === 1 ? IconArrowRight : IconArrowLeft;
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        size={30}
        aria-label={label}
        aria-disabled={isOff}
        data-off={isOff || undefined}
        onClick={() => step(by)}
      >
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

function Actions({ row, lon, lat }: { row: number; lon: number; lat: number }) {
  const takesPlaces = useStore((state) => state.info?.takes.includes('place') ?? false);
  return (
    <div className="viewer-actions">
      <Button
        size="compact-sm"
        leftSection={<IconSparkles size={15} />}
        onClick={() => leaveViewer(() => moreLikeThis(row))}
      >
        {t('More like this')}
      </Button>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconMinus size={15} />}
        onClick={() => leaveViewer(() => addRow(row, -1))}
      >
        {t('Less like this')}
      </Button>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconMapPin size={15} />}
        disabled={!takesPlaces}
        title={t('Search like this place')}
        onClick={() => leaveViewer(() => askPlace({ lon, lat }))}
      >
        {t('Like this place')}
      </Button>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconMapSearch size={15} />}
        onClick={() => {
          select(row, false);
          showOnMap(row);
        }}
      >
        {t('On the map')}
      </Button>
    </div>
  );
}
