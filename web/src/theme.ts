/** Colours and sizes of the controls; contrasts are checked by axe in the browser tests. */
import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** Deep water: readable with white text from shade 7 on, and as text on black up to shade 3. */
const lagoon: MantineColorsTuple = [
  '#e3fbf6',
  '#c6f2e8',
  '#94e4d3',
  '#5fd4bd',
  '#33c2a8',
  '#17a98f',
  '#0d8f79',
  '#0a7665',
  '#086153',
  '#054c41',
];

/** Night: text, dimmed text, borders, fields and the ground, from light to dark. */
const dark: MantineColorsTuple = [
  '#dbe3ea',
  '#b4c0cb',
  '#98a7b4',
  '#64737f',
  '#33424f',
  '#25323d',
  '#1a2530',
  '#111a22',
  '#0c141b',
  '#070d12',
];

export const theme = createTheme({
  primaryColor: 'lagoon',
  primaryShade: { light: 7, dark: 7 },
  colors: { lagoon, dark },
  defaultRadius: 'md',
  fontFamily: '"Inter Variable", system-ui, "Noto Sans", sans-serif',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  respectReducedMotion: true,
});
