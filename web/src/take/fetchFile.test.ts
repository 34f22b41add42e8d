import { describe, expect, it } from 'vitest';
import { withOwnAddress } from './fetchFile';
import { wrapped } from './snapshot';

describe('the command that asks again', () => {
  const command = "curl -sS http://127.0.0.1:8000/api/v1/search -H 'a: b' \\\n  --data-raw '{}'\n";

  it('asks the address that the page is at', () => {
    const told = withOwnAddress(command, 'https://maps.example/earth/api/v1/search');
    expect(told).toBe(command.replace('http://127.0.0.1:8000', 'https://maps.example/earth'));
  });

  it('quotes an address that a shell would read otherwise', () => {
    const told = withOwnAddress(command, "https://maps.example/o'h&a/api/v1/search");
    expect(told).toContain("curl -sS 'https://maps.example/o'\\''h&a/api/v1/search' -H");
  });

  it('replaces a quoted address as a whole', () => {
    const quoted = command.replace(/http\S+/, "'http://h/a(b)/api/v1/search'");
    expect(withOwnAddress(quoted, 'http://h/api/v1/search')).toContain(
      'curl -sS http://h/api/v1/search -H',
    );
  });
});

describe('lines of a text', () => {
  it('are no wider than there is room, word by word', () => {
    const lines = wrapped('one two  three four', 8, (line) => line.length);
    expect(lines).toEqual(['one two', 'three', 'four']);
    expect(wrapped('', 8, (line) => line.length)).toEqual([]);
    expect(wrapped('unbreakable', 3, (line) => line.length)).toEqual(['unbreakable']);
  });
});
