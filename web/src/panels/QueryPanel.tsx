/** Ask: words, a picture, a place, or any of them together. */
import { Button, CloseButton, FileButton, TextInput, Tooltip } from '@mantine/core';
import { IconPhoto, IconSearch } from '@tabler/icons-react';
import { useCallback, useRef, useState, type FormEvent } from 'react';
import { addPart, askText, setDraft } from '../actions';
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
      setWrong(error instanceof PictureError ? error.message : 'This picture cannot be read.');
    }
  }, []);

  const takeFile = useCallback(
    (file: File) => void (isPicture(file) ? takePicture(file) : openFile(file)),
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
      setWrong('Say what to look for, or add a picture or a place.');
      return;
    }
    setWrong('');
    askText(draft);
  }

  return (
    <section className="query" aria-label="Query" data-over={isOver || undefined}>
      <form className="query-form" role="search" onSubmit={submit}>
        <TextInput
          size="md"
          aria-label="What to look for"
          placeholder={
            takes.includes('text') ? 'sand desert, fjords …' : 'Choose a tile on the map instead'
          }
          value={draft}
          maxLength={MAX_TEXT}
          error={wrong || null}
          leftSection={<IconSearch size={18} aria-hidden="true" />}
          rightSection={
            draft && <CloseButton size="sm" aria-label="Clear the words" onClick={clear} />
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
              <Tooltip label="Choose, drop or paste a picture">
                <Button
                  variant="default"
                  size="sm"
                  px="sm"
                  leftSection={<IconPhoto size={17} aria-hidden="true" />}
                  aria-label="Add a picture"
                  disabled={!takes.includes('image')}
                  {...props}
                >
                  Picture
                </Button>
              </Tooltip>
            )}
          </FileButton>
          <PlacePicker />
          <Button type="submit" size="sm" loading={isSearching} ml="auto">
            Search
          </Button>
        </div>
      </form>
      {isOver && (
        <p className="drop-hint">Drop a picture to search with it, or a recipe to ask it.</p>
      )}
      <PartChips />
      <Examples />
      <Notice />
    </section>
  );
}
