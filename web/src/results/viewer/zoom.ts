/** Zoom and pan of a picture in a box: where its upper left corner is, and how large a pixel. */

export interface Size {
  width: number;
  height: number;
}

export interface Sight {
  /** Pixels of the box that one of the picture takes. */
  scale: number;
  x: number;
  y: number;
}

/** How much larger than fitting the picture is shown at most, and how large its pixels. */
const MOST_FIT = 12;
const MOST_PX = 12;

/** From this size on pixels are drawn as squares. */
export const CRISP_PX = 2.5;

/** The whole picture, as large as the box allows. */
export function fitted(picture: Size, box: Size): Sight {
  const scale = Math.min(box.width / picture.width, box.height / picture.height) || 1;
  return within({ scale, x: 0, y: 0 }, picture, box);
}

/** The sight moved so that the picture fills the box, or stands in its middle where smaller. */
export function within({ scale, x, y }: Sight, picture: Size, box: Size): Sight {
  return {
    scale,
    x: held(x, picture.width * scale, box.width),
    y: held(y, picture.height * scale, box.height),
  };
}

function held(corner: number, length: number, room: number): number {
  return length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, corner));
}

/** Zoom by a factor; what is at x, y of the box stays there. */
export function zoomed(
  sight: Sight,
  factor: number,
  at: { x: number; y: number },
  picture: Size,
  box: Size,
): Sight {
  const least = fitted(picture, box).scale;
  const most = Math.max(least * MOST_FIT, MOST_PX);
  const scale = Math.min(most, Math.max(least, sight.scale * factor));
  const grown = scale / sight.scale;
  const sought = { scale, x: at.x - grown * (at.x - sight.x), y: at.y - grown * (at.y - sight.y) };
  return within(sought, picture, box);
}

export function moved(sight: Sight, by: { x: number; y: number }, picture: Size, box: Size): Sight {
  return within({ ...sight, x: sight.x + by.x, y: sight.y + by.y }, picture, box);
}

export function isFitted(sight: Sight, picture: Size, box: Size): boolean {
  return sight.scale <= fitted(picture, box).scale * 1.001;
}
