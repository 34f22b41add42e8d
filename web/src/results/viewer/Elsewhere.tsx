/** Look at the place elsewhere, copy where it is, save pixels. Links only: nothing is loaded. */
import { Anchor, Button, Text } from '@mantine/core';
import { IconCopy, IconCheck, IconDownload, IconExternalLink } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { getFile, pictureUrl, pixelsUrl, toProblem, wasAborted, type PixelsWish } from '../../api';
import { saveAs } from '../../download';
import { t } from '../../i18n';
import type { Problem, SetInfo } from '../../types';
import { copernicusLink, geoUri, openStreetMapLink, zoomFor } from './links';

function Out({ href, children }: { href: string; children: string }) {
  return (
    <Anchor className="out" size="xs" href={href} target="_blank" rel="noopener noreferrer">
      {children}
      <IconExternalLink size={13} aria-label={t('opens another site')} />
    </Anchor>
  );
}

function Copy({ text }: { text: string }) {
  const [state, setState] = useState<'' | 'copied' | 'refused'>('');
  const copy = () => {
    // Browsers give the clipboard to pages on https and on this machine only.
    const writing = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('none'));
    writing.then(() => setState('copied')).catch(() => setState('refused'));
  };
  const Icon = state === 'copied' ? IconCheck : IconCopy;
  return (
    <span className="copy">
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<Icon size={13} />}
        aria-label={t('Copy the coordinates as {uri}', { uri: text })}
        onClick={copy}
      >
        {text}
      </Button>
      <span role="status" className="copy-told">
        {state === 'copied' && t('Copied')}
        {state === 'refused' && t('Not allowed here: select the text')}
      </span>
    </span>
  );
}

export function Links({
  lon,
  lat,
  km,
  time,
}: {
  lon: number;
  lat: number;
  km: number;
  time: string | null;
}) {
  const zoom = zoomFor(km, lat);
  return (
    <div className="links">
      <Out href={copernicusLink(lon, lat, zoom, time)}>{t('Copernicus Browser')}</Out>
      <Out href={openStreetMapLink(lon, lat, zoom)}>{t('OpenStreetMap')}</Out>
      <Copy text={geoUri(lon, lat)} />
    </div>
  );
}

interface Form {
  title: string;
  name: string;
  url: string;
}

/** What can be saved of a tile of this set. */
function formsOf({ name: set, pixels }: SetInfo, row: number): Form[] {
  if (pixels === '') {
    return [];
  }
  if (pixels !== 'majortom') {
    return [{ title: t('Picture'), name: 'picture.webp', url: pictureUrl(set, row, 1024) }];
  }
  const of = (wish: Partial<PixelsWish>) => pixelsUrl(set, row, { format: 'tif', ...wish });
  return [
    { title: t('GeoTIFF, red, green, blue'), name: 'rgb.tif', url: of({}) },
    { title: t('GeoTIFF, 12 bands'), name: 'bands.tif', url: of({ kind: 'bands' }) },
    {
      title: t('GeoTIFF, 12 bands, whole tile'),
      name: 'whole.tif',
      url: of({ kind: 'bands', crop: 'whole' }),
    },
  ];
}

/** Files are fetched, not linked, so that what is wrong can be told in words. */
export function Downloads({ info, row }: { info: SetInfo; row: number }) {
  const [busy, setBusy] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const stop = useRef<AbortController>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const forms = formsOf(info, row);
  const save = async ({ name, url }: Form) => {
    stop.current?.abort();
    stop.current = new AbortController();
    setBusy(name);
    setProblem(null);
    try {
      const { blob } = await getFile(url, stop.current.signal);
      saveAs(blob, `${info.name}-${row}-${name}`);
    } catch (error) {
      if (!wasAborted(error)) {
        setProblem(toProblem(error));
      }
    }
    setBusy('');
  };
  if (forms.length === 0) {
    return null;
  }
  return (
    <div className="downloads">
      {forms.map((form) => (
        <Button
          key={form.name}
          variant="default"
          size="compact-xs"
          leftSection={<IconDownload size={13} />}
          loading={busy === form.name}
          onClick={() => void save(form)}
        >
          {form.title}
        </Button>
      ))}
      {problem && (
        <Text size="xs" role="alert" className="downloads-trouble">
          {problem.detail} {problem.hint}
        </Text>
      )}
    </div>
  );
}
