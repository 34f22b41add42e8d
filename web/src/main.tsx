/** Starts the page: URL to state to map and panels. */
import { MantineProvider, type MantineColorSchemeManager } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import './mantine';
import './styles/base.css';
import './styles/query.css';
import './styles/filters.css';
import './styles/ask.css';
import './styles/scores.css';
import './styles/map.css';
import './styles/results.css';
import './styles/viewer.css';
import './styles/take.css';
import './styles/labels.css';
import './styles/help.css';
import './styles/narrow.css';
import { App } from './App';
import { ErrorBoundary } from './help/ErrorBoundary';
import { theme } from './theme';
import { readView } from './url';

/** The theme is in the URL, not in the browser's storage, so that a link shows what was seen. */
const inUrl: MantineColorSchemeManager = {
  get: (fallback) => fallback,
  set: () => undefined,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => undefined,
};

const colourScheme = readView(window.location.search).theme;

createRoot(document.getElementById('root')!).render(
  <MantineProvider theme={theme} colorSchemeManager={inUrl} defaultColorScheme={colourScheme}>
    <ErrorBoundary>
      <App />
    </ErrorBoundary>
  </MantineProvider>,
);
