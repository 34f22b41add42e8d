/** Pictures given by a person: checked, made small enough, and turned into a data: URL. */
import { t } from './i18n';

/** Largest side sent to the server, in pixels; encoders look at far fewer. */
const SIDE = 768;
/** Files larger than this are refused before they are opened. */
const MAX_BYTES = 40_000_000;

export class PictureError extends Error {}

async function draw(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.toDataURL('image/png');
}

export async function readPicture(file: File): Promise<{ data: string; name: string }> {
  if (file.size > MAX_BYTES) {
    throw new PictureError(t('This file is too large: give a picture of less than 40 MB.'));
  }
  try {
    return { data: await draw(file), name: file.name || t('pasted picture') };
  } catch {
    throw new PictureError(
      t('“{name}” cannot be read as a picture. Give a PNG, JPEG or WebP file of ordinary size.', {
        name: file.name,
      }),
    );
  }
}

/** Whether a file is to be read as a picture: it says so, or it says nothing that a recipe would. */
export function isPicture(file: File): boolean {
  return file.type.startsWith('image/') || !/\.(json|geojson|csv)$/i.test(file.name);
}

/** The first picture in what was dropped or pasted, if there is one. */
export function pictureIn(data: DataTransfer | null): File | null {
  return [...(data?.files ?? [])].find((file) => file.type.startsWith('image/')) ?? null;
}
