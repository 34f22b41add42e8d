/** The map as it is seen, as a picture: with title, legend, credit and licence drawn in. */
import { formatPercent, formatScore } from '../format';
import { t } from '../i18n';
import { baseOf } from '../map/ground';
import { mapOf } from '../map/link';
import { rampColour } from '../map/ramp';
import { paletteOf } from '../map/style';
import { describeParts } from '../parts';
import { scoreOfLevel } from '../scores';
import { getState, sideOf, type WhichSide } from '../state';

/** Sizes in CSS pixels. */
const PAD = 14;
const TITLE = 17;
const TEXT = 12;
const LEAD = 1.4;
const BAR = { width: 160, height: 9 };

type Map = NonNullable<ReturnType<typeof mapOf>>;

/** What a map shows at its next frame; the drawing buffer is gone after it. */
function frameOf(map: Map): Promise<HTMLCanvasElement> {
  return new Promise((resolve) => {
    map.once('render', () => {
      const source = map.getCanvas();
      const copy = document.createElement('canvas');
      copy.width = source.width;
      copy.height = source.height;
      copy.getContext('2d')!.drawImage(source, 0, 0);
      resolve(copy);
    });
    map.triggerRepaint();
  });
}

/** A text in lines that are no wider than that. */
export function wrapped(text: string, width: number, measure: (line: string) => number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && measure(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return line ? [...lines, line] : lines;
}

/** Licence and credit of what is seen, a sentence each. */
export function creditOf(): string {
  const state = getState();
  const { info, answer, grounds } = state;
  const base = baseOf(state);
  const ground = grounds.find(({ name }) => name === base);
  const credit = answer?.credit;
  const licence = credit?.licence || info?.licence;
  const attribution = (credit?.attribution || info?.attribution || '').replace(/\.$/, '');
  return [
    credit?.notice || info?.banner || '',
    attribution && `${attribution}.`,
    licence ? t('Licence: {licence}.', { licence }) : t('The set does not state its licence.'),
    base === 'bluemarble'
      ? t('Base map: NASA Blue Marble, Natural Earth.')
      : t('Base map: Natural Earth.'),
    ground?.attribution ? `${ground.attribution.replace(/\.$/, '')}.` : '',
    t('Made with Earth Embedding Explorer.'),
  ]
    .filter(Boolean)
    .join(' ');
}

interface Pen {
  draw: CanvasRenderingContext2D;
  /** Device pixels per CSS pixel. */
  scale: number;
  text: string;
  soft: string;
  ground: string;
}

function font({ scale }: Pen, size: number, weight = 400): string {
  return `${weight} ${size * scale}px "Inter Variable", system-ui, "Noto Sans", sans-serif`;
}

/** The colour scale over the lower left corner of a map that begins there. */
function drawLegend(pen: Pen, which: WhichSide, dark: boolean, left: number, bottom: number): void {
  const { draw, scale } = pen;
  const { field, level, answer } = sideOf(getState(), which);
  const { percent } = getState();
  const base = baseOf(getState());
  if (!field || which === 'difference') {
    return;
  }
  const { ramp } = paletteOf(base, dark).tiles;
  const kind = answer?.score_kind && answer.score_kind !== 'cosine' ? answer.score_kind : '';
  const title = t('Score of the best {percent}', { percent: formatPercent(percent) });
  draw.font = font(pen, TEXT, 600);
  const wide = Math.max(BAR.width * scale, draw.measureText(title).width);
  const lines = kind ? 3 : 2;
  const inner = PAD * 0.7 * scale;
  const height = lines * TEXT * LEAD * scale + BAR.height * scale + 2 * inner + 4 * scale;
  const top = bottom - height - PAD * scale;
  const x = left + PAD * scale;
  draw.globalAlpha = 0.9;
  draw.fillStyle = pen.ground;
  draw.beginPath();
  draw.roundRect(x, top, wide + 2 * inner, height, 8 * scale);
  draw.fill();
  draw.globalAlpha = 1;
  let y = top + inner + TEXT * scale;
  draw.fillStyle = pen.text;
  draw.textAlign = 'left';
  draw.fillText(title, x + inner, y);
  y += 6 * scale;
  for (let column = 0; column < wide; column += 1) {
    draw.fillStyle = `rgb(${rampColour(ramp, column / wide).join(' ')})`;
    draw.fillRect(x + inner + column, y, 1.5, BAR.height * scale);
  }
  y += (BAR.height + TEXT * LEAD) * scale;
  draw.font = font(pen, TEXT);
  draw.fillStyle = pen.soft;
  draw.fillText(formatScore(scoreOfLevel(field, level)), x + inner, y);
  draw.textAlign = 'right';
  draw.fillText(formatScore(field.max), x + inner + wide, y);
  draw.textAlign = 'left';
  if (kind) {
    draw.fillText(kind, x + inner, y + TEXT * LEAD * scale);
  }
}

function titleOf(which: WhichSide): string {
  return describeParts(sideOf(getState(), which).asked);
}

/** The maps that are seen, as a PNG. Where none can be drawn, that is thrown in words. */
export async function snapshot(): Promise<Blob> {
  const sides = (['main', 'rival', 'difference'] as const).flatMap((which) => {
    const map = mapOf(which);
    return map ? [{ which, map }] : [];
  });
  if (sides.length === 0) {
    throw new Error(t('There is no map to draw.'));
  }
  const frames: HTMLCanvasElement[] = [];
  for (const { map } of sides) {
    frames.push(await frameOf(map)); // oxlint-disable-line no-await-in-loop -- one GPU
  }
  const { info } = getState();
  const style = getComputedStyle(document.body);
  const dark = document.documentElement.dataset.mantineColorScheme === 'dark';
  const scale = frames[0]!.width / Math.max(1, sides[0]!.map.getCanvas().clientWidth);
  const canvas = document.createElement('canvas');
  const draw = canvas.getContext('2d')!;
  const pen: Pen = {
    draw,
    scale,
    text: style.color,
    soft: dark ? '#b4c0cb' : '#55636f',
    ground: style.backgroundColor,
  };
  const width = frames.reduce((sum, frame) => sum + frame.width, 0);
  const height = Math.max(...frames.map((frame) => frame.height));
  const room = width - 2 * PAD * scale;
  draw.font = font(pen, TITLE, 650);
  const titles = sides.map(({ which }, index) =>
    wrapped(
      titleOf(which),
      frames[index]!.width - 2 * PAD * scale,
      (line) => draw.measureText(line).width,
    ),
  );
  draw.font = font(pen, TEXT);
  const credit = wrapped(creditOf(), room, (line) => draw.measureText(line).width);
  const head =
    (Math.max(...titles.map(({ length }) => length)) * TITLE * LEAD + TEXT * LEAD + PAD) * scale;
  const foot = (credit.length * TEXT * LEAD + PAD * 1.3) * scale;
  canvas.width = width;
  canvas.height = Math.round(head + height + foot);

  draw.fillStyle = pen.ground;
  draw.fillRect(0, 0, canvas.width, canvas.height);
  draw.fillStyle = pen.soft;
  draw.font = font(pen, TEXT);
  draw.fillText(info?.title ?? '', PAD * scale, head - PAD * 0.75 * scale);
  let left = 0;
  frames.forEach((frame, index) => {
    draw.fillStyle = pen.text;
    draw.font = font(pen, TITLE, 650);
    titles[index]!.forEach((line, number) => {
      const y = (TITLE * LEAD * (number + 1) + PAD * 0.2) * scale;
      draw.fillText(line, left + PAD * scale, y);
    });
    draw.drawImage(frame, left, head);
    draw.fillStyle = pen.ground;
    draw.fillRect(left - scale, head, index > 0 ? 2 * scale : 0, frame.height);
    drawLegend(pen, sides[index]!.which, dark, left, head + frame.height);
    left += frame.width;
  });
  draw.fillStyle = pen.soft;
  draw.font = font(pen, TEXT);
  credit.forEach((line, index) =>
    draw.fillText(line, PAD * scale, head + height + TEXT * LEAD * (index + 1) * scale),
  );
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) {
        resolve(blob);
      } else {
        reject(new Error(t('The browser could not make the picture.')));
      }
    }, 'image/png');
  });
}
