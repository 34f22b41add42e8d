/** A tile's picture: waiting, there, or not to be had. A picture may come from afar, or never. */
import { IconPhotoOff } from '@tabler/icons-react';
import { useState } from 'react';
import { pictureUrl } from '../api';
import { useStore } from '../state';

type Phase = 'waiting' | 'arrived' | 'failed';

export function TilePicture({ row, size, alt }: { row: number; size: number; alt: string }) {
  const set = useStore((state) => state.set);
  const hasPictures = useStore((state) => state.info?.pixels !== '');
  const [phase, setPhase] = useState<Phase>('waiting');
  if (phase === 'failed' || !hasPictures) {
    return (
      <span className="card-picture picture-none" role="img" aria-label={`${alt}: not to be had`}>
        <IconPhotoOff size={22} stroke={1.5} aria-hidden="true" />
        <span aria-hidden="true">No picture</span>
      </span>
    );
  }
  return (
    <img
      className="card-picture"
      data-phase={phase}
      src={pictureUrl(set, row, size)}
      alt={alt}
      loading="lazy"
      decoding="async"
      width={size}
      height={size}
      onLoad={() => setPhase('arrived')}
      onError={() => setPhase('failed')}
    />
  );
}
