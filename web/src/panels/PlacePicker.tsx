/** A place for the query: typed as numbers, found by name, or clicked on the map. */
import { Button, Popover, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCrosshair, IconMapPin } from '@tabler/icons-react';
import { useEffect, useId, useState, type KeyboardEvent } from 'react';
import { addPart, setPicking } from '../actions';
import { findPlaces } from '../api';
import { formatPlace } from '../format';
import { t } from '../i18n';
import { parsePlace } from '../places';
import { useStore } from '../state';
import type { Place, PlacePart } from '../types';

/** Pause in typing after which names are looked up. */
const TYPING_MS = 180;

function useSuggestions(typed: string): { places: Place[]; isLooked: boolean } {
  const [query] = useDebouncedValue(typed.trim(), TYPING_MS);
  const [found, setFound] = useState<{ query: string; places: Place[] }>({ query: '', places: [] });
  const isName = query.length >= 2 && parsePlace(query).kind === 'name';
  useEffect(() => {
    if (isName) {
      findPlaces(query)
        .then((places) => setFound({ query, places }))
        .catch(() => undefined);
    }
  }, [isName, query]);
  const isLooked = isName && found.query === query;
  return { places: isName ? found.places : [], isLooked };
}

function partOf(typed: string): PlacePart | string | null {
  const read = parsePlace(typed);
  if (read.kind === 'place') {
    return { kind: 'place', lon: read.lon, lat: read.lat, weight: 1 };
  }
  return read.kind === 'wrong' ? read.message : null;
}

export function PlacePicker() {
  const takesPlaces = useStore((state) => state.info?.takes.includes('place') ?? true);
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      width={290}
      shadow="lg"
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Button
          disabled={!takesPlaces}
          variant="default"
          size="sm"
          px="sm"
          leftSection={<IconMapPin size={17} aria-hidden="true" />}
          aria-label={t('Add a place')}
          onClick={() => setOpened(!opened)}
        >
          {t('Place')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <PlaceForm
          isFirst
          choose={(part) => {
            setOpened(false);
            addPart(part);
          }}
          pick={() => {
            setOpened(false);
            setPicking(true);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

interface PlaceChoice {
  choose: (part: PlacePart) => void;
  /** Pick on the map instead, where that is offered. */
  pick?: () => void;
  /** Whether it is what a popover opens for. */
  isFirst?: boolean;
}

export function PlaceForm({ choose, pick, isFirst = false }: PlaceChoice) {
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();
  const { places, isLooked } = useSuggestions(typed);
  const read = partOf(typed);
  const wrong = typeof read === 'string' ? read : '';
  const isUnknown = isLooked && places.length === 0;

  function choosePlace({ lon, lat, name }: Place): void {
    choose({ kind: 'place', lon, lat, name, weight: 1 });
  }

  function press(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((active + step + places.length) % Math.max(1, places.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      const place = places[active];
      if (read && typeof read !== 'string') {
        choose(read);
      } else if (place) {
        choosePlace(place);
      }
    }
  }

  return (
    <div className="place-form">
      <TextInput
        data-autofocus={isFirst || undefined}
        label={t('Place')}
        description={t('Latitude, longitude – or a name')}
        placeholder={t('48.86, 2.35 or Paris')}
        role="combobox"
        aria-expanded={places.length > 0}
        aria-controls={listId}
        aria-activedescendant={places.length > 0 ? `${listId}-${active}` : undefined}
        value={typed}
        error={
          wrong || (isUnknown ? t('No such name here. Numbers always work: 48.86, 2.35') : null)
        }
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={press}
      />
      {read && typeof read !== 'string' && (
        <Button size="xs" mt="xs" fullWidth onClick={() => choose(read)}>
          {t('Use {place}', { place: formatPlace(read.lon, read.lat, 2) })}
        </Button>
      )}
      <div id={listId} role="listbox" aria-label={t('Places')} className="place-list">
        {places.map((place, index) => (
          <UnstyledButton
            key={`${place.name} ${place.lon} ${place.lat}`}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === active}
            tabIndex={-1}
            className="place-option"
            onClick={() => choosePlace(place)}
          >
            <span>{place.name}</span>
            <Text component="span" size="xs" c="dimmed">
              {[place.kind, place.country].filter(Boolean).join(', ')}
            </Text>
          </UnstyledButton>
        ))}
      </div>
      {pick && (
        <Button
          variant="default"
          size="xs"
          fullWidth
          mt="xs"
          leftSection={<IconCrosshair size={15} />}
          onClick={pick}
        >
          {t('Pick on the map')}
        </Button>
      )}
    </div>
  );
}
