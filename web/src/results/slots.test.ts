import { describe, expect, it } from 'vitest';
import { Slots } from './slots';

function setUp(most: number) {
  const slots = new Slots(most);
  const started: string[] = [];
  const ask = (name: string, seen = true) =>
    slots.take({ start: () => started.push(name), isSeen: () => seen });
  return { started, ask, settle: () => Promise.resolve() };
}

describe('turns of pictures', () => {
  it('never runs more at once than it may, and goes on when one is done', async () => {
    const { started, ask, settle } = setUp(2);
    const first = ask('a');
    ask('b');
    ask('c');
    await settle();
    expect(started).toEqual(['a', 'b']);
    first();
    await settle();
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('prefers what is seen to what was asked first', async () => {
    const { started, ask, settle } = setUp(1);
    const near = ask('near', false);
    ask('seen');
    await settle();
    expect(started).toEqual(['seen']);
    near();
    await settle();
    expect(started).toEqual(['seen']);
  });

  it('forgets what is wanted no longer', async () => {
    const { started, ask, settle } = setUp(1);
    const first = ask('a');
    const gone = ask('b');
    ask('c');
    await settle();
    gone();
    first();
    await settle();
    expect(started).toEqual(['a', 'c']);
  });
});
