/** Chinese, all parts of the page. */
import { common } from './common';
import { labels } from './labels';
import { map } from './map';
import { take } from './take';

export const zh: Record<string, string> = { ...common, ...labels, ...map, ...take };
