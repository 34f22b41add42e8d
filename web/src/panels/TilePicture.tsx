/**
 * A tile's picture: waiting for its turn, there, or not to be had. A picture may come from afar, or
 * never; it is asked for only where a person may see it, and no longer once that has scrolled away.
 */
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconPhotoOff, IconRefresh } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { pictureUrl } from '../api';
import { t } from '../i18n';
import { pictureSlots } from '../results/slots';
import { useStore } from '../state';

/** How far beyond the edge of the screen pictures are asked for, after those on it. */
const MARGIN = '1200px';
/** A picture that has not come after this is given up, so that others get their turn. */
const PATIENCE_MS = 45_000;
/** Addresses of pictures that came; they come again at once. */
const KEPT = 4_000;

type Phase = 'waiting' | 'loading' | 'arrived' | 'failed';

const arrived = new Set<string>();

function remember(url: string): void {
  if (arrived.size >= KEPT) {
    arrived.clear();
  }
  arrived.add(url);
}

function isInside(element: Element | null): boolean {
  const box = element?.getBoundingClientRect();
  return (
    box !== undefined &&
    box.bottom > 0 &&
    box.right > 0 &&
    box.top < window.innerHeight &&
    box.left < window.innerWidth
  );
}

/** What has scrolled away is no longer fetched: an image out of the page would go on loading. */
function stopWithPage(image: HTMLImageElement): () => void {
  return () => {
    if (!image.complete) {
      image.removeAttribute('src');
    }
  };
}

/** Wait until a picture is near the screen and its turn has come. */
function useTurn(url: string) {
  const frame = useRef<HTMLSpanElement>(null);
  const giveBack = useRef<() => void>(() => undefined);
  const [phase, setPhase] = useState<Phase>(() => (arrived.has(url) ? 'arrived' : 'waiting'));

  useEffect(() => {
    if (arrived.has(url)) {
      return undefined;
    }
    let timer = 0;
    const stop = () => {
      window.clearTimeout(timer);
      giveBack.current();
      giveBack.current = () => undefined;
    };
    const start = () => {
      setPhase('loading');
      timer = window.setTimeout(() => {
        stop();
        setPhase((now) => (now === 'loading' ? 'failed' : now));
      }, PATIENCE_MS);
    };
    const watcher = new IntersectionObserver(
      (entries) => {
        stop();
        if (entries.at(-1)!.isIntersecting) {
          giveBack.current = pictureSlots.take({ start, isSeen: () => isInside(frame.current) });
        } else {
          setPhase((now) => (now === 'loading' ? 'waiting' : now));
        }
      },
      { rootMargin: MARGIN },
    );
    watcher.observe(frame.current!);
    return () => {
      watcher.disconnect();
      stop();
    };
  }, [url]);

  const done = (next: 'arrived' | 'failed') => {
    giveBack.current();
    if (next === 'arrived') {
      remember(url);
    } else {
      arrived.delete(url);
    }
    setPhase(next);
  };
  return { frame, phase, done };
}

/** What stands for a picture is read out as one, unless the picture only decorates. */
function named(label: string) {
  return label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true };
}

function Missing({ alt, retry }: { alt: string; retry?: () => void }) {
  return (
    <span className="card-picture picture-none">
      <span {...named(alt && t('{what}: not to be had', { what: alt }))}>
        <IconPhotoOff size={22} stroke={1.5} aria-hidden="true" />
      </span>
      <span className="picture-none-words" aria-hidden="true">
        {t('No picture')}
      </span>
      {retry && (
        <Tooltip label={t('Try again')}>
          <ActionIcon
            className="picture-retry"
            variant="default"
            size={26}
            aria-label={t('Load the picture again')}
            onClick={retry}
          >
            <IconRefresh size={15} />
          </ActionIcon>
        </Tooltip>
      )}
    </span>
  );
}

interface Props {
  row: number;
  size: number;
  alt: string;
  /** Whether a picture that failed may be asked for again here; not inside of buttons. */
  retry?: boolean;
}

/** The picture of a tile in its frame; another tile or size is another picture. */
export function TilePicture(props: Props): ReactNode {
  const set = useStore((state) => state.set);
  const hasPictures = useStore((state) => state.info?.pixels !== '');
  const [round, setRound] = useState(0);
  if (!hasPictures) {
    return <Missing alt={props.alt} />;
  }
  const url = pictureUrl(set, props.row, props.size);
  return <Loaded key={`${url} ${round}`} url={url} again={() => setRound(round + 1)} {...props} />;
}

function Loaded(props: Props & { url: string; again: () => void }) {
  const { url, size, alt, retry = false, again } = props;
  const { frame, phase, done } = useTurn(url);
  const isShown = phase === 'loading' || phase === 'arrived';
  return (
    <span ref={frame} className="picture-frame" data-phase={phase}>
      {phase === 'waiting' && <span className="card-picture" {...named(alt)} />}
      {phase === 'failed' && <Missing alt={alt} {...(retry ? { retry: again } : {})} />}
      {isShown && (
        <img
          ref={stopWithPage}
          className="card-picture"
          data-phase={phase === 'arrived' ? 'arrived' : 'waiting'}
          src={url}
          alt={alt}
          decoding="async"
          draggable={false}
          width={size}
          height={size}
          onLoad={() => done('arrived')}
          onError={() => done('failed')}
        />
      )}
    </span>
  );
}
