/** Two rows of tiles: the best of each side with their place on the other, or where they differ. */
import { SegmentedControl, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconPhotoOff } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { flyThere, pointAt, select } from '../actions';
import { pictureUrl } from '../api';
import { formatCount, formatPercent, formatPlace } from '../format';
import { t } from '../i18n';
import { countAtLeast } from '../scores';
import { setState, sideOf, useStore, type Mark } from '../state';
import type { Result } from '../types';
import { Letter, LETTERS } from './Letter';
import { otherRow } from './load';
import { ranksIn, type Disagreement } from './measure';
import type { Agreement } from './useAgreement';

type Which = Mark['higher'];

/** Screens that show one side at a time; see compare.css. */
const ONE_SIDE = '(max-width: 699px)';

/** Most tiles listed of a side, of up to 50,000 that may be asked for. */
const LISTED = 100;

interface Tile {
  /** Row of the set whose picture is shown. */
  row: number;
  set: string;
  lon: number;
  lat: number;
  /** Row of the main set; null where it has no such tile. */
  mainRow: number | null;
  badge: string;
  /** What is said of it below its picture, and the same for those who do not see arrows. */
  below: string;
  tone: 'up' | 'down' | 'even' | 'none';
  spoken: string;
}

function Thumb({ tile }: { tile: Tile }) {
  const hasPictures = useStore(
    (state) => (tile.set === state.set ? state.info : state.rival?.info)?.pixels !== '',
  );
  const [phase, setPhase] = useState<'waiting' | 'arrived' | 'failed'>('waiting');
  if (!hasPictures || phase === 'failed') {
    return (
      <span className="card-picture picture-none" aria-hidden="true">
        <IconPhotoOff size={20} stroke={1.5} />
      </span>
    );
  }
  return (
    <img
      className="card-picture"
      data-phase={phase}
      src={pictureUrl(tile.set, tile.row, 192)}
      alt=""
      loading="lazy"
      decoding="async"
      width={192}
      height={192}
      onLoad={() => setPhase('arrived')}
      onError={() => setPhase('failed')}
    />
  );
}

function choose({ mainRow, lon, lat }: Tile): void {
  if (mainRow === null) {
    flyThere({ lon, lat });
  } else {
    select(mainRow, true);
    if (window.matchMedia(ONE_SIDE).matches) {
      setState({ front: 'main' }); // the card of the tile is on that map
    }
  }
}

function TileButton({ tile }: { tile: Tile }) {
  const isSelected = useStore(
    (state) => state.selected !== null && state.selected === tile.mainRow,
  );
  return (
    <li className="compare-card" data-row={tile.row} data-selected={isSelected || undefined}>
      <UnstyledButton
        className="compare-tile"
        title={tile.spoken}
        onPointerEnter={() => pointAt(tile.mainRow)}
        onPointerLeave={() => pointAt(null)}
        onFocus={() => pointAt(tile.mainRow)}
        onBlur={() => pointAt(null)}
        onClick={() => choose(tile)}
      >
        <VisuallyHidden>{`${tile.spoken}, ${formatPlace(tile.lon, tile.lat)}`}</VisuallyHidden>
        <span className="compare-thumb" aria-hidden="true">
          <Thumb tile={tile} />
          <span className="card-rank">{tile.badge}</span>
        </span>
        <span className="compare-shift" data-tone={tile.tone} aria-hidden="true">
          {tile.below}
        </span>
      </UnstyledButton>
    </li>
  );
}

function Row({ side, title, tiles }: { side: Which; title: string; tiles: Tile[] }) {
  return (
    <div className="compare-row" data-side={side}>
      <h3 className="compare-row-title">
        <Letter side={side} />
        <span>{title}</span>
      </h3>
      {tiles.length === 0 ? (
        <p className="compare-none">{t('No tile to list.')}</p>
      ) : (
        <ul className="compare-cards">
          {tiles.map((tile) => (
            <TileButton key={`${tile.set} ${tile.row}`} tile={tile} />
          ))}
          {tiles.length === LISTED && (
            <li className="compare-none">{t('At most {count} are listed.', { count: LISTED })}</li>
          )}
        </ul>
      )}
    </div>
  );
}

/** The best of a side, each with its rank in the other list, or its place among all tiles there. */
function useBest(side: Which): Tile[] {
  const otherSide: Which = side === 'main' ? 'rival' : 'main';
  const results = useStore((state) => sideOf(state, side).answer?.results ?? null);
  const theirs = useStore((state) => sideOf(state, otherSide).answer?.results ?? null);
  const field = useStore((state) => sideOf(state, otherSide).field);
  const set = useStore((state) => (side === 'main' ? state.set : (state.other?.set ?? '')));
  const pairing = useStore((state) => state.pairing);
  const lang = useStore((state) => state.lang);
  return useMemo(() => {
    const there = pairing && theirs ? theirs : [];
    const rowOf = (row: number): number | null => (pairing ? otherRow(side, row) : null);
    const listed = (results ?? []).slice(0, LISTED);
    const ranks = ranksIn(listed, there, rowOf);
    return listed.map((result) => {
      const other = rowOf(result.row);
      const level = other === null ? 0 : (field?.raw[other] ?? 0);
      const place = field && level > 0 ? countAtLeast(field, level) : null;
      const shift = wordsOf(result, ranks.get(result.row) ?? null, place, otherSide);
      const mainRow = side === 'main' ? result.row : other;
      return { ...result, ...shift, set, mainRow, badge: String(result.rank) };
    });
    // oxlint-disable-next-line react/exhaustive-deps -- the language changes the words
  }, [results, theirs, field, set, pairing, side, otherSide, lang]);
}

function wordsOf(
  { rank }: Result,
  rankThere: number | null,
  place: number | null,
  there: Which,
): Pick<Tile, 'below' | 'tone' | 'spoken'> {
  const side = LETTERS[there];
  if (rankThere !== null) {
    const shift = rankThere - rank;
    const spoken = t('Number {rank}, number {other} on side {side}', {
      rank,
      other: rankThere,
      side,
    });
    if (shift === 0) {
      return { below: '=', tone: 'even', spoken };
    }
    const below = shift > 0 ? `▼ ${shift}` : `▲ ${-shift}`;
    return { below, tone: shift > 0 ? 'down' : 'up', spoken };
  }
  if (place !== null) {
    const number = formatCount(place);
    const spoken = t('Number {rank}, not listed on side {side}: place {place} of all tiles there', {
      rank,
      side,
      place: number,
    });
    return { below: `${side}: ${number}`, tone: 'none', spoken };
  }
  const spoken = t('Number {rank}, no such tile on side {side}', { rank, side });
  return { below: `${side}: –`, tone: 'none', spoken };
}

function differing(list: Disagreement[], set: string): Tile[] {
  return list.map(({ row, lon, lat, main, rival }, index) => {
    const words = { a: formatPercent(topPercent(main)), b: formatPercent(topPercent(rival)) };
    return {
      row,
      set,
      lon,
      lat,
      mainRow: row,
      badge: String(index + 1),
      below: `${shortPercent(topPercent(main))} | ${shortPercent(topPercent(rival))}`,
      tone: 'none',
      spoken: t('Best {a} on side A, best {b} on side B', words),
    };
  });
}

/** Both percentages are to fit below a small picture. */
function shortPercent(percent: number): string {
  return percent < 10 ? `${Number(percent.toFixed(1))} %` : `${Math.round(percent)} %`;
}

/** "Among the best x %" of a percentile where 1 is best. */
function topPercent(percentile: number): number {
  return 100 * (1 - percentile);
}

export type Listing = 'best' | 'differ';

export function Lists({
  agreement,
  listing,
  choose: setListing,
}: {
  agreement: Agreement | null;
  listing: Listing;
  choose: (listing: Listing) => void;
}) {
  const set = useStore((state) => state.set);
  const isStale = useStore(
    (state) => state.phase === 'searching' || state.rival?.phase === 'searching',
  );
  const best = { main: useBest('main'), rival: useBest('rival') };
  const isBest = listing === 'best' || !agreement;
  const tiles = (side: Which): Tile[] =>
    isBest ? best[side] : differing(agreement.higher[side], set);
  const titles = isBest
    ? { main: t('Best of A'), rival: t('Best of B') }
    : { main: t('A ranks higher'), rival: t('B ranks higher') };
  return (
    <section
      className="compare-lists"
      aria-labelledby="lists-title"
      data-stale={isStale || undefined}
    >
      <div className="compare-lists-head">
        <h2 id="lists-title" className="section-title">
          {isBest ? t('Best tiles of each side') : t('Where they disagree most')}
        </h2>
        <SegmentedControl
          size="xs"
          aria-label={t('Tiles listed')}
          value={isBest ? 'best' : 'differ'}
          data={[
            { value: 'best', label: t('Best tiles') },
            { value: 'differ', label: t('Disagreement'), disabled: !agreement },
          ]}
          onChange={(value) => setListing(value as Listing)}
        />
      </div>
      <Row side="main" title={titles.main} tiles={tiles('main')} />
      <Row side="rival" title={titles.rival} tiles={tiles('rival')} />
    </section>
  );
}
