import { SEVERITIES, SEVERITY_TEXT, type Severity } from "../../model/severity.ts";
import type { Text } from "../../model/text.ts";
import { formatDuration, type Micros } from "../../model/time.ts";
import { escapeHtml, SEVERITY_COLOUR } from "../page/html.ts";
import { type Difference, PAIR_WITHIN, timeOf } from "./difference.ts";
import type { Episode } from "./episodes.ts";
import { changeText, scoreText, seconds } from "./findings.ts";
import { both, htmlTable } from "./markup.ts";
import { limitsOf, plot } from "./plot.ts";
import type { Findings } from "./report.ts";
import type { Score } from "./score.ts";
import { stamp } from "./stamp.ts";

/** Plots and rows that a person may still look through; the rest is counted. */
const MOST_PLOTS = 80;
const MOST_ROWS = 2_000;

const STYLE = `
body{font:14px/1.5 system-ui,"Noto Sans SC","Microsoft YaHei",sans-serif;margin:1.5em auto;max-width:1000px;padding:0 1em;color:#1b1f24;background:#fff}
h1{font-size:1.4em}h2{font-size:1.1em;margin:1.6em 0 .4em}h3{font-size:1em;margin:1.2em 0 .2em}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2em .6em;border-bottom:1px solid #d8dee4;vertical-align:top}
svg{width:100%;height:auto;font:10px system-ui,sans-serif}svg text{fill:#57606a}svg .rule{text-anchor:end}
.field{fill:#f6f8fa}.band{fill:#57606a;stroke:#24292f;stroke-width:.8;stroke-linejoin:round}.dot{fill:#24292f}.limit{stroke-dasharray:5 3}
.chip{display:inline-block;padding:0 .5em;border-radius:.8em;color:#fff}
label{cursor:pointer;padding:0 .4em}.muted{color:#57606a}
#zh:checked~main .en,#en:checked~main .zh{display:none}
@media print{input,label{display:none}}`;

/** The report as one HTML page: no script, nothing from elsewhere. */
export function reportPage(parts: Findings): string {
  const { site } = parts.configuration;
  const { outcome } = parts.report;
  const name = site.name.zh === site.name.en ? site.name.zh : `${site.name.zh} ${site.name.en}`;
  const sections = [
    `<h1>${both({ zh: "历史数据回放", en: "Replay" })}: ${both(site.name)}</h1>`,
    heading(parts),
    summary(parts),
    ...(parts.difference === undefined ? [] : [differences(parts.difference, site.timeZone)]),
    ...(parts.score === undefined ? [] : [scores(parts.score, site.timeZone)]),
    plots(parts),
    `<h2>${both({ zh: "告警", en: "Alarms" })}</h2>`,
    alarms(outcome.episodes, { timeZone: site.timeZone, end: outcome.to }),
    remarks(parts),
  ];
  return `<!DOCTYPE html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(name)} — replay</title><style>${STYLE}</style></head>
<body><input type="radio" name="language" id="zh" checked><label for="zh">中文</label><input type="radio" name="language" id="en"><label for="en">English</label>
<main>
${sections.join("\n")}
</main></body></html>
`;
}

function heading({ report: { outcome }, configuration: { site } }: Findings): string {
  const span = Number.isNaN(outcome.from)
    ? both({ zh: "没有数据", en: "nothing in it" })
    : `${stamp(outcome.from, site.timeZone)} – ${stamp(outcome.to, site.timeZone)} (${escapeHtml(site.timeZone)})`;
  return `<p>${escapeHtml(outcome.source)}<br>${span}<br><span class="muted">${outcome.readings} ${both({ zh: "条读数", en: "readings" })}, revision ${escapeHtml(outcome.revision)}</span></p>`;
}

function summary({ report, configuration }: Findings): string {
  const { timeZone } = configuration.site;
  const rows = Object.entries(report.counts).map(([kind, counts]) => [
    escapeHtml(kind),
    ...SEVERITIES.map((severity) => String(counts[severity] ?? 0)),
  ]);
  const lines = [
    rows.length === 0
      ? `<p>${both({ zh: "没有告警", en: "No alarm." })}</p>`
      : htmlTable([{ zh: "类别", en: "class" }, ...SEVERITIES.map((one) => SEVERITY_TEXT[one])], rows),
    `<p>${both({ zh: "结束时未恢复", en: "Still standing at the end" })}: ${report.standing}</p>`,
  ];
  for (const { from, to, alarms, peak } of report.floods) {
    lines.push(
      `<p>${both({ zh: "告警泛滥", en: "Flood" })}: ${stamp(from, timeZone)} – ${stamp(to, timeZone)}, ${alarms} (${both({ zh: "10 分钟内最多", en: "at most within 10 min" })} ${peak})</p>`,
    );
  }
  for (const { rule, subject, alarms } of report.chatter) {
    lines.push(
      `<p>${both({ zh: "频繁抖动", en: "Chatters" })}: ${escapeHtml(rule)} ${escapeHtml(subject)}, ${alarms}×</p>`,
    );
  }
  return lines.join("\n");
}

function plots({ configuration, report, trace }: Findings): string {
  const { outcome } = report;
  const { site, rules } = configuration;
  const bySubject = Map.groupBy(outcome.episodes, ({ subject }) => subject);
  const all = trace.channels().map((index) => site.channels[index]!);
  // Channels with alarms come first.
  all.sort((a, b) => Number(bySubject.has(b.key)) - Number(bySubject.has(a.key)) || a.index - b.index);
  const parts = all.slice(0, MOST_PLOTS).map((channel) => {
    const svg = plot({
      channel,
      trace,
      from: outcome.from,
      to: outcome.to,
      limits: limitsOf(rules, channel.index),
      episodes: bySubject.get(channel.key) ?? [],
      timeZone: site.timeZone,
    });
    return `<h3>${escapeHtml(channel.key)} <span class="muted">${both(channel.name)}, ${escapeHtml(channel.unit)}</span></h3>${svg}`;
  });
  if (all.length > parts.length) {
    parts.push(
      `<p class="muted">${both({ zh: "其余通道未绘图", en: "channels not plotted" })}: ${all.length - parts.length}</p>`,
    );
  }
  return parts.length === 0 ? "" : `<h2>${both({ zh: "曲线", en: "Plots" })}</h2>${parts.join("\n")}`;
}

const ALARM_HEAD: readonly Text[] = [
  { zh: "起始", en: "raised" },
  { zh: "级别", en: "severity" },
  { zh: "规则", en: "rule" },
  { zh: "对象", en: "subject" },
  { zh: "监测点", en: "point" },
  { zh: "持续", en: "lasted" },
];

function alarms(episodes: readonly Episode[], { timeZone, end }: { timeZone: string; end: Micros }): string {
  const rows = episodes
    .slice(0, MOST_ROWS)
    .map((episode) => [
      stamp(episode.raised, timeZone),
      chip(episode.severity),
      escapeHtml(episode.rule),
      escapeHtml(episode.subject),
      escapeHtml(episode.point),
      lasted(episode, end),
    ]);
  const more = episodes.length - rows.length;
  const rest = more > 0 ? `<p class="muted">… ${more}</p>` : "";
  return htmlTable(ALARM_HEAD, rows) + rest;
}

function lasted({ raised, ended }: Episode, end: Micros): string {
  const span = seconds((ended ?? end) - raised);
  return ended === undefined ? `${span}, ${both({ zh: "未恢复", en: "stands" })}` : span;
}

function chip(severity: Severity): string {
  return `<span class="chip" style="background:${SEVERITY_COLOUR[severity]}">${both(SEVERITY_TEXT[severity])}</span>`;
}

function differences({ changes, same }: Difference, timeZone: string): string {
  const rows = changes.slice(0, MOST_ROWS).map((change) => {
    const episode = change.kind === "appears" ? change.other : change.own;
    return [
      stamp(timeOf(change), timeZone),
      escapeHtml(episode.rule),
      escapeHtml(episode.subject),
      change.kind === "differs"
        ? `${chip(change.own.severity)} → ${chip(change.other.severity)}`
        : chip(episode.severity),
      both(changeText(change)),
    ];
  });
  const head = [
    { zh: "时间", en: "time" },
    ...ALARM_HEAD.slice(2, 4),
    { zh: "级别", en: "severity" },
    { zh: "变化", en: "change" },
  ];
  const note = {
    zh: `相同 ${same} 条。同一规则、同一对象且时间重叠（或起始相差不超过 ${formatDuration(PAIR_WITHIN)}）视为同一告警。`,
    en: `${same} are the same. Alarms of one rule on one subject that overlap, or begin within ${formatDuration(PAIR_WITHIN)}, are taken as one.`,
  };
  return `<h2>${both({ zh: "规则改动的影响", en: "Difference" })}</h2><p>${both(note)}</p>${htmlTable(head, rows)}`;
}

function scores(score: Score, timeZone: string): string {
  const rows = score.labels
    .slice(0, MOST_ROWS)
    .map(({ label, alarm, delay, stood }) => [
      stamp(label.start, timeZone),
      escapeHtml(label.name),
      escapeHtml(label.channel ?? label.point ?? ""),
      alarm === undefined
        ? both({ zh: "漏报", en: "missed" })
        : stood
          ? both({ zh: "已在报警", en: "stood already" })
          : seconds(delay ?? 0),
    ]);
  const head = [
    { zh: "开始", en: "start" },
    { zh: "事件", en: "event" },
    { zh: "位置", en: "where" },
    { zh: "报警延迟", en: "delay" },
  ];
  return `<h2>${both({ zh: "与已知事件对照", en: "Against known events" })}</h2><p>${both(scoreText(score))}</p>${htmlTable(head, rows)}`;
}

function remarks({ report }: Findings): string {
  const told = report.outcome.remarks.filter(({ count }) => count > 0);
  if (told.length === 0) return "";
  const parts = told.map(
    ({ kind, count, examples }) =>
      `<li>${count} ${escapeHtml(kind)}${examples.length === 0 ? "" : `<br><span class="muted">${examples.map(escapeHtml).join("<br>")}</span>`}</li>`,
  );
  return `<h2>${both({ zh: "未采用的数据", en: "Left out" })}</h2><ul>${parts.join("")}</ul>`;
}
