/** The page: query and scores on the left, map and best tiles on the right; stacked on narrow screens. */
import { useMantineColorScheme } from '@mantine/core';
import { useEffect } from 'react';
import { followUrl, listSets, start } from './actions';
import { MapView } from './map/MapView';
import { Concepts } from './panels/Concepts';
import { Credits } from './panels/Credits';
import { Banner, Header } from './panels/Header';
import { QueryPanel } from './panels/QueryPanel';
import { Results } from './panels/Results';
import { ScorePanel } from './panels/ScorePanel';
import { useStore } from './state';

export function App() {
  const theme = useStore((state) => state.theme);
  useStore((state) => state.lang); // every word of the page is read again
  const { setColorScheme } = useMantineColorScheme();

  useEffect(() => {
    setColorScheme(theme);
  }, [theme, setColorScheme]);

  useEffect(() => {
    void start();
    void listSets();
    window.addEventListener('popstate', followUrl);
    return () => window.removeEventListener('popstate', followUrl);
  }, []);

  return (
    <div className="app">
      <Header />
      <Banner />
      <main className="main">
        <div className="side">
          <QueryPanel />
          <ScorePanel />
          <Concepts />
          <Credits />
        </div>
        <section className="map-area" aria-label="Map">
          <MapView />
        </section>
        <Results />
      </main>
    </div>
  );
}
