import type { Language } from "../../model/text.ts";

/*
 * Pages for people that are one file: no script, no picture, no font from elsewhere, so that they open on any machine and can be
 * sent by mail.
 */

/** Text that has been made safe to stand in a page. */
export interface Markup {
  readonly html: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Makes text safe inside elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Markup with values filled in: text is escaped, markup and lists of it stand as they are. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  let text = parts[0]!;
  for (const [i, value] of values.entries()) text += filled(value) + parts[i + 1]!;
  return { html: text };
}

function filled(value: string | number | Markup | readonly Markup[]): string {
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  if ("html" in value) return value.html;
  return value.map((part) => part.html).join("");
}

/** Colours of the severities; they differ in lightness too, and with them always stands the word. */
export const SEVERITY_COLOUR = {
  blue: "#2f6fb5",
  yellow: "#c99700",
  orange: "#d9660f",
  red: "#c62828",
} as const;

const STYLE = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #1c2733; margin: 2rem auto; max-width: 68rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #d5dce4; padding-bottom: .2rem; }
p.sub, p.remark { color: #5b6875; margin: .2rem 0; }
p.remark { border-left: 3px solid #c99700; padding-left: .6rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #edf0f3; vertical-align: top; }
th { font-weight: 600; color: #5b6875; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 11px system-ui, "Noto Sans CJK SC", sans-serif; fill: #5b6875; }
@media print { body { margin: 0; max-width: none; } }
`;

/** A whole page. */
export function page(
  head: { readonly title: string; readonly language: Language },
  body: readonly Markup[],
): string {
  const language = head.language === "zh" ? "zh-CN" : "en";
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${head.title}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
${body}
</body>
</html>
`.html;
}
