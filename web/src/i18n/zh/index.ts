/** Chinese, all parts of the page. */
import { common } from './common';
import { labels } from './labels';
import { take } from './take';

export const zh: Record<string, string> = { ...common, ...labels, ...take };
