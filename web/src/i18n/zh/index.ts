/** Chinese, all parts of the page. */
import { common } from './common';
import { compare } from './compare';
import { help } from './help';
import { labels } from './labels';
import { map } from './map';
import { take } from './take';

export const zh: Record<string, string> = {
  ...common,
  ...compare,
  ...help,
  ...labels,
  ...map,
  ...take,
};
