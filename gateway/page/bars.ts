import { html, type Markup } from "./html.ts";

const WIDTH = 960;
const HEIGHT = 180;
/** Room for the words on the left and below. */
const LEFT = 44;
const BELOW = 20;

/** One bar, of stacked parts from the bottom up. */
export interface Bar {
  /** Shown when pointed at. */
  readonly title: string;
  readonly parts: readonly { readonly value: number; readonly colour: string }[];
}

/** Upright bars side by side, as an SVG picture. `ticks`: words below the bars of these indices. */
export function bars(of: readonly Bar[], ticks: ReadonlyMap<number, string>): Markup {
  const most = Math.max(1, ...of.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
  const step = (WIDTH - LEFT) / Math.max(1, of.length);
  const width = Math.max(0.5, Math.min(28, step * 0.8));
  const y = (value: number) => HEIGHT - BELOW - (value / most) * (HEIGHT - BELOW - 10);
  const drawn = of.map(({ title, parts }, i) => {
    let height = 0;
    const rectangles = parts
      .filter(({ value }) => value > 0)
      .map(({ value, colour }) => {
        height += value;
        const top = y(height);
        return html`<rect x="${round(LEFT + i * step)}" y="${round(top)}" width="${round(width)}" height="${round(y(height - value) - top)}" fill="${colour}"/>`;
      });
    return html`<g><title>${title}</title>${rectangles}</g>`;
  });
  const words = [...ticks].map(
    ([i, word]) => html`<text x="${round(LEFT + i * step)}" y="${HEIGHT - 5}">${word}</text>`,
  );
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<line x1="${LEFT}" x2="${WIDTH}" y1="${HEIGHT - BELOW}" y2="${HEIGHT - BELOW}" stroke="#9aa6b2"/>
<text x="${LEFT - 6}" y="14" text-anchor="end">${most}</text><text x="${LEFT - 6}" y="${HEIGHT - BELOW}" text-anchor="end">0</text>
${drawn}${words}</svg>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
