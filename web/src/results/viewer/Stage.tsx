/** The picture of a tile, to be zoomed and moved, with the heatmap over it. */
import { ActionIcon, Button, Loader, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconMaximize,
  IconMinus,
  IconPhotoOff,
  IconPlus,
  IconRefresh,
} from '@tabler/icons-react';
import { useRef, useState, type CSSProperties } from 'react';
import { pictureUrl } from '../../api';
import { t } from '../../i18n';
import type { Problem } from '../../types';
import type { Box } from './heat';
import type { Image } from './useImage';
import { STEP, useSight } from './useSight';
import { CRISP_PX, type Size } from './zoom';

/** Taken for the size of a picture before it is there. */
const SQUARE: Size = { width: 384, height: 384 };

interface Props {
  /** What is seen, such as a row; another is seen as a whole again. */
  subject: string;
  alt: string;
  set: string;
  row: number;
  hasPictures: boolean;
  picture: Image;
  heat: Image;
  opacity: number;
  /** Part of the picture that was embedded; null is all of it. */
  seen: Box | null;
}

/** A box of the picture as shares of it. */
function placed(box: Box | null, { width, height }: Size): CSSProperties {
  if (!box) {
    return { inset: 0, width: '100%', height: '100%' };
  }
  const [top, left, bottom, right] = box;
  return {
    top: `${(100 * top) / height}%`,
    left: `${(100 * left) / width}%`,
    width: `${(100 * (right - left)) / width}%`,
    height: `${(100 * (bottom - top)) / height}%`,
  };
}

function Trouble({ problem, again }: { problem: Problem; again: () => void }) {
  return (
    <div className="stage-trouble floating" role="alert">
      <IconAlertTriangle size={17} aria-hidden="true" />
      <div>
        <strong>{problem.detail}</strong>
        {problem.hint && <p>{problem.hint}</p>}
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconRefresh size={13} />}
          onClick={again}
        >
          {t('Try again')}
        </Button>
      </div>
    </div>
  );
}

export function Stage(props: Props) {
  const { subject, alt, set, row, hasPictures, picture, heat, opacity, seen } = props;
  const box = useRef<HTMLDivElement>(null);
  const [known, setKnown] = useState<{ src: string; size: Size } | null>(null);
  const size = known !== null && known.src === picture.src ? known.size : SQUARE;
  const { sight, zoom, fit, isWhole, handlers } = useSight(box, size, subject);
  const isCrisp = sight.scale * window.devicePixelRatio >= CRISP_PX;
  const transform = `translate(${sight.x}px, ${sight.y}px) scale(${sight.scale})`;
  const trouble = picture.problem ? picture : heat.problem ? heat : null;
  return (
    <div className="stage">
      <div
        ref={box}
        className="stage-box"
        role="application"
        data-autofocus
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it is zoomed with keys
        tabIndex={0}
        aria-label={t('{alt}. Plus and minus zoom, arrow keys move it once enlarged.', { alt })}
        data-zoomed={!isWhole || undefined}
        data-scale={sight.scale.toFixed(3)}
        {...handlers}
      >
        {hasPictures ? (
          <div
            className="stage-picture"
            data-crisp={isCrisp || undefined}
            style={{ width: size.width, height: size.height, transform }}
          >
            {!picture.src && !picture.problem && !seen && (
              <img className="stage-before" src={pictureUrl(set, row, 192)} alt="" />
            )}
            {picture.src && (
              <img
                src={picture.src}
                alt={alt}
                draggable={false}
                onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
                  const natural = { width: naturalWidth, height: naturalHeight };
                  setKnown({ src: picture.src!, size: natural });
                }}
              />
            )}
            {seen && picture.src && <span className="stage-seen" style={placed(seen, size)} />}
            {heat.src && (
              <img
                className="stage-heat"
                src={heat.src}
                alt={t('Heatmap of where the query fits')}
                draggable={false}
                style={{ ...placed(seen, size), opacity }}
              />
            )}
          </div>
        ) : (
          <div className="stage-none">
            <IconPhotoOff size={36} stroke={1.3} aria-hidden="true" />
            {t('This set does not say how pictures of its tiles are read.')}
          </div>
        )}
        {(picture.isLoading || heat.isLoading) && (
          <div className="stage-busy floating" role="status">
            <Loader size={15} />
            {picture.isLoading ? t('Fetching the picture …') : t('Computing the heatmap …')}
          </div>
        )}
      </div>
      {trouble?.problem && <Trouble problem={trouble.problem} again={trouble.again} />}
      <div className="stage-zoom floating">
        <Zoom label={t('Zoom in')} act={() => zoom(STEP)} icon={IconPlus} />
        <Zoom label={t('Zoom out')} act={() => zoom(1 / STEP)} icon={IconMinus} isOff={isWhole} />
        <Zoom label={t('The whole picture')} act={fit} icon={IconMaximize} isOff={isWhole} />
      </div>
    </div>
  );
}

function Zoom({
  label,
  act,
  icon: Icon,
  isOff = false,
}: {
  label: string;
  act: () => void;
  icon: typeof IconPlus;
  isOff?: boolean;
}) {
  return (
    <Tooltip label={label} position="left">
      <ActionIcon
        variant="subtle"
        color="gray"
        size={28}
        aria-label={label}
        data-off={isOff || undefined}
        aria-disabled={isOff}
        onClick={act}
      >
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
