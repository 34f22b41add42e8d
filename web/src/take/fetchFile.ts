/** Files of the answer that is shown; one that the server has dropped meanwhile is asked again. */
import * as api from '../api';
import { t } from '../i18n';
import { withPictures } from '../labels/project';
import { fromRecord, queryIn, toRecord } from '../query';
import { getState } from '../state';
import type { LooseQuery } from '../types';

/** The server keeps some tens of answers; older ones are told with this. */
const NOT_KEPT = 404;

function isDropped(error: unknown): boolean {
  const { status, code } = api.toProblem(error);
  return status === NOT_KEPT && code === 'unknown-name';
}

/** What goes wrong is thrown, an `AbortError` where it was cancelled. */
export async function fetchFile(
  format: string,
  signal: AbortSignal,
  arrived?: (bytes: number, total: number) => void,
): Promise<api.Exported> {
  const { answer } = getState();
  if (!answer) {
    throw new Error(t('There is no answer to export.'));
  }
  try {
    return await api.exported(answer.id, format, signal, arrived);
  } catch (error) {
    if (!isDropped(error)) {
      throw error;
    }
    const now = toRecord(queryIn(getState())) as LooseQuery;
    const query = fromRecord(withPictures(answer.recipe, now));
    const id = await api.askAgain(query, signal);
    return api.exported(id, format, signal, arrived);
  }
}

/** Characters that a shell takes as they are. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** The command with the address that this page is at, which the server need not know. */
export function withOwnAddress(command: string, address: string): string {
  const quoted = PLAIN.test(address) ? address : `'${address.replaceAll("'", "'\\''")}'`;
  return command.replace(/'?https?:\/\/[^\s']+\/api\/v1\/search'?/, () => quoted);
}

/** Code that asks again. */
export async function fetchCode(format: 'python' | 'curl', signal: AbortSignal): Promise<string> {
  const { content } = await fetchFile(format, signal);
  const text = await content.text();
  return format === 'curl' ? withOwnAddress(text, api.searchUrl()) : text;
}
