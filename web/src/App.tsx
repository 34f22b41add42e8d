/** The page: query and scores on the left, map and best tiles on the right; stacked on narrow screens. */
import { useMantineColorScheme } from '@mantine/core';
import { lazy, Suspense, useEffect } from 'react';
import { listSets, start } from './actions';
import { followComparison } from './compare/load';
import { SetList } from './ask/SetList';
import { TokenDialog } from './ask/TokenDialog';
import { Announcer } from './help/Announcer';
import { keepConnected } from './help/connection';
import { ErrorBoundary } from './help/ErrorBoundary';
import { press } from './help/shortcuts';
import { SkipLinks } from './help/SkipLinks';
import { followHistory, redo, undo } from './help/steps';
import { t } from './i18n';
import { Labels } from './labels/Labels';
import { FilterPanel } from './filters/FilterPanel';
import { MapHint } from './map/MapHint';
import { MapView } from './map/MapView';
import { Concepts } from './panels/Concepts';
import { Credits } from './panels/Credits';
import { Banner, Header } from './panels/Header';
import { QueryPanel } from './panels/QueryPanel';
import { Results } from './panels/Results';
import { ScorePanel } from './panels/ScorePanel';
import { describeParts } from './parts';
import { Viewer } from './results/viewer/Viewer';
import { setState, useStore } from './state';

const PRODUCT = 'Earth Embedding Explorer';

const CompareTop = lazy(() =>
  import('./compare/Compare').then((module) => ({ default: module.CompareTop })),
);
const CompareBelow = lazy(() =>
  import('./compare/Compare').then((module) => ({ default: module.CompareBelow })),
);
const Help = lazy(() => import('./help/Help').then((module) => ({ default: module.Help })));

/** A dialog that is just closing, which the browser tells late, is opened again. */
function openHelp(): void {
  setState({ isHelpOpen: true });
  document.querySelector<HTMLDialogElement>('dialog.help:not([open])')?.showModal();
}

function listen(event: KeyboardEvent): void {
  if (press(event, { undo, redo, openHelp })) {
    event.preventDefault();
  }
}

/** Follow what happens outside of React: history, keys, the connection, the other side. */
function useEvents(): void {
  useEffect(() => {
    const stops = [followComparison(), keepConnected()];
    void start();
    void listSets();
    window.addEventListener('popstate', followHistory);
    document.addEventListener('keydown', listen);
    return () => {
      stops.forEach((stop) => stop());
      window.removeEventListener('popstate', followHistory);
      document.removeEventListener('keydown', listen);
    };
  }, []);
}

/** The window's title is what was asked; both it and the page say their language. */
function useTitle(): void {
  const lang = useStore((state) => state.lang);
  const asked = useStore((state) => state.asked);
  useEffect(() => {
    document.documentElement.lang = lang === 'zh' ? 'zh-Hans' : lang;
    document.title = asked.length > 0 ? `${describeParts(asked)} · ${PRODUCT}` : PRODUCT;
  }, [lang, asked]);
}

export function App() {
  const theme = useStore((state) => state.theme);
  const isComparing = useStore((state) => state.other !== null);
  const isHelpOpen = useStore((state) => state.isHelpOpen);
  const front = useStore((state) => state.front);
  const { setColorScheme } = useMantineColorScheme();

  useEffect(() => {
    setColorScheme(theme);
  }, [theme, setColorScheme]);
  useEvents();
  useTitle();

  return (
    <div className="app">
      <SkipLinks />
      <Header />
      <Banner />
      <main
        className="main"
        data-comparing={isComparing || undefined}
        data-front={isComparing ? front : undefined}
      >
        <div className="side">
          <QueryPanel />
          <FilterPanel />
          <ScorePanel />
          <Labels />
          <Concepts />
          <Credits />
        </div>
        {isComparing && (
          <ErrorBoundary isQuiet>
            <Suspense>
              <CompareTop />
            </Suspense>
          </ErrorBoundary>
        )}
        <section className="map-area" aria-label={isComparing ? t('Map of A') : t('Map')}>
          <MapView />
          <MapHint />
        </section>
        {isComparing ? (
          <ErrorBoundary part={t('The comparison')}>
            <Suspense>
              <CompareBelow />
            </Suspense>
          </ErrorBoundary>
        ) : (
          <ErrorBoundary part={t('The best tiles')}>
            <Results />
          </ErrorBoundary>
        )}
      </main>
      <Announcer />
      <SetList />
      <TokenDialog />
      {isHelpOpen && (
        <ErrorBoundary part={t('Help')}>
          <Suspense>
            <Help />
          </Suspense>
        </ErrorBoundary>
      )}
      <Viewer />
    </div>
  );
}
