/** Files that the page itself makes, and files that it is given. */

/** Save bytes under a name, as the browser saves downloads. */
export function saveAs(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Let a person choose a file; `take` is called when they did. */
export function chooseFile(accept: string, take: (file: File) => void): void {
  const field = document.createElement('input');
  field.type = 'file';
  field.accept = accept;
  field.addEventListener('change', () => {
    const file = field.files?.[0];
    if (file) {
      take(file);
    }
  });
  field.click();
}

/** Part of a file name: letters and numbers of a text, joined by hyphens. */
export function slug(text: string): string {
  const words = text.toLowerCase().match(/[\p{Letter}\p{Number}]+/gu) ?? [];
  return words.join('-').slice(0, 50) || 'earth';
}
