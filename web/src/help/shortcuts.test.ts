import { beforeEach, describe, expect, it, vi } from 'vitest';
import { press, setSingleKeys } from './shortcuts';

function pressed(key: string, change: KeyboardEventInit = {}, target: Element = document.body) {
  const moves = { undo: vi.fn(), redo: vi.fn(), openHelp: vi.fn() };
  let did = false;
  const listen = (event: Event): void => {
    did = press(event as KeyboardEvent, moves);
  };
  target.addEventListener('keydown', listen);
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...change }));
  target.removeEventListener('keydown', listen);
  return { did, ...moves };
}

describe('keys', () => {
  beforeEach(() => {
    document.body.innerHTML =
      '<form class="query-form"><input id="words" /></form><input type="range" id="cut" />';
    setSingleKeys(true);
  });

  it('undo and redo', () => {
    expect(pressed('z', { ctrlKey: true }).undo).toHaveBeenCalledOnce();
    expect(pressed('Z', { ctrlKey: true, shiftKey: true }).redo).toHaveBeenCalledOnce();
    expect(pressed('z', { metaKey: true }).undo).toHaveBeenCalledOnce();
    expect(pressed('z').did).toBe(false);
  });

  it('are letters in a field, and keys on a slider', () => {
    const words = document.querySelector('#words')!;
    expect(pressed('?', {}, words).did).toBe(false);
    expect(pressed('z', { ctrlKey: true }, words).undo).not.toHaveBeenCalled();
    expect(pressed('?', {}, document.querySelector('#cut')!).openHelp).toHaveBeenCalledOnce();
  });

  it('go to the words', () => {
    expect(pressed('/').did).toBe(true);
    expect(document.activeElement?.id).toBe('words');
  });

  it('do nothing alone once they are switched off; undo stays', () => {
    setSingleKeys(false);
    expect(pressed('?').openHelp).not.toHaveBeenCalled();
    expect(pressed('z', { ctrlKey: true }).undo).toHaveBeenCalledOnce();
  });

  it('leave the browser what is its own', () => {
    expect(pressed('g', { ctrlKey: true }).did).toBe(false);
    expect(pressed('m', { metaKey: true }).did).toBe(false);
    expect(pressed('q').did).toBe(false);
  });
});
