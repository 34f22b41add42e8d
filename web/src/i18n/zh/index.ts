/** Chinese, all parts of the page. */
import { common } from './common';

export const zh: Record<string, string> = { ...common };
