/** Chinese, all parts of the page. */
import { ask } from './ask';
import { common } from './common';
import { compare } from './compare';
import { help } from './help';
import { filters } from './filters';
import { labels } from './labels';
import { map } from './map';
import { scores } from './scores';
import { results } from './results';
import { take } from './take';

export const zh: Record<string, string> = {
  ...ask,
  ...common,
  ...compare,
  ...filters,
  ...help,
  ...labels,
  ...map,
  ...scores,
  ...results,
  ...take,
};
