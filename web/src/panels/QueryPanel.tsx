/** Ask: words, a picture, a place, or any of them together. */
import { Button, CloseButton, FileButton, TextInput, Tooltip } from '@mantine/core';
import { IconPhoto, IconSearch } from '@tabler/icons-react';
import { useCallback, useRef, useState, type FormEvent } from 'react';
import { addPart, askText, setDraft } from '../actions';
import { AddForm, AddMenu, type Adding } from '../ask/AddPart';
import { areaOf } from '../ask/given';
import { GivenArea, type Given } from '../ask/GivenArea';
import { Joining } from '../ask/Joining';
import { t } from '../i18n';
import { openFile } from '../labels/files';
import { isPicture, PictureError, readPicture } from '../pictures';
import { useStore } from '../state';
import type { Part } from '../types';
import { useGivenPicture } from '../useGivenPicture';
import { Examples } from './Examples';
import { Notice } from './Notice';
import { PartChips } from './PartChips';
import { PlacePicker } from './PlacePicker';

/** The server's own limit; longer words are cut while typing. */
const MAX_TEXT = 2000;

const KINDS: Part['kind'][] = ['text', 'image', 'place'];

export function QueryPanel() {
  const draft = useStore((state) => state.draft);
  const isSearching = useStore((state) => state.phase === 'searching');
  const hasOthers = useStore((state) => state.parts.some((part) => part.kind !== 'text'));
  const takes = useStore((state) => state.info?.takes ?? KINDS);
  const [wrong, setWrong] = useState('');
  const [adding, setAdding] = useState<Adding | null>(null);
  const [given, setGiven] = useState<Given | null>(null);
  const box = useRef<HTMLInputElement>(null);

  const takePicture = useCallback(async (file: File | null) => {
    if (!file) {
      return;
    }
    setWrong('');
    try {
      const { data, name } = await readPicture(file);
      addPart({ kind: 'image', data, name, weight: 1 });
    } catch (error) {
      setWrong(error instanceof PictureError ? error.message : t('This picture cannot be read.'));
    }
  }, []);

  const takeFile = useCallback(
    async (file: File) => {
      setGiven(null);
      if (isPicture(file)) {
        await takePicture(file);
        return;
      }
      const area = await areaOf(file);
      setGiven(area);
      if (!area) {
        await openFile(file);
      }
    },
    [takePicture],
  );
  const isOver = useGivenPicture(takeFile);

  function clear(): void {
    setDraft('');
    box.current?.focus();
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!draft.trim() && !hasOthers) {
      setWrong(t('Say what to look for, or add a picture or a place.'));
      return;
    }
    setWrong('');
    askText(draft);
  }

  return (
    <section className="query" aria-label={t('Query')} data-over={isOver || undefined}>
      <form className="query-form" role="search" onSubmit={submit}>
        <TextInput
          size="md"
          aria-label={t('What to look for')}
          placeholder={
            takes.includes('text')
              ? t('sand desert, fjords …')
              : t('Choose a tile on the map instead')
          }
          value={draft}
          maxLength={MAX_TEXT}
          error={wrong || null}
          leftSection={<IconSearch size={18} aria-hidden="true" />}
          rightSection={
            draft && <CloseButton size="sm" aria-label={t('Clear the words')} onClick={clear} />
          }
          ref={box}
          onChange={(event) => {
            setWrong('');
            setDraft(event.currentTarget.value);
          }}
        />
        <div className="query-tools">
          <FileButton onChange={(file) => void takePicture(file)} accept="image/*">
            {(props) => (
              <Tooltip label={t('Choose, drop or paste a picture')}>
                <Button
                  variant="default"
                  size="sm"
                  px="sm"
                  leftSection={<IconPhoto size={17} aria-hidden="true" />}
                  aria-label={t('Add a picture')}
                  disabled={!takes.includes('image')}
                  {...props}
                >
                  {t('Picture')}
                </Button>
              </Tooltip>
            )}
          </FileButton>
          <PlacePicker />
          <AddMenu add={setAdding} />
          <Button type="submit" size="sm" loading={isSearching} ml="auto">
            {t('Search')}
          </Button>
        </div>
      </form>
      {isOver && (
        <p className="drop-hint">{t('Drop a picture, a recipe, or an area as GeoJSON.')}</p>
      )}
      {given && <GivenArea given={given} done={() => setGiven(null)} />}
      {adding && <AddForm adding={adding} done={() => setAdding(null)} />}
      <PartChips />
      <Joining />
      <Examples />
      <Notice />
    </section>
  );
}
