import { formatDuration, parseDuration } from "../../model/time.ts";
import { flow } from "./flow.ts";
import {
  loadPack,
  MATURITIES,
  MATURITY_TEXT,
  type NumberSource,
  type Pack,
  type PackedRule,
  type PackParameter,
  packIds,
} from "./pack-file.ts";
import { packNumbers } from "./pack-numbers.ts";
import { cell, page } from "./page-parts.ts";
import { Problems } from "./problem.ts";

/** The page of all rule packs: every rule, and every number with its source. */
export function packsPage(): string {
  const packs = packIds().flatMap((id) => loadPack(id, new Problems()) ?? []);
  const meanings = MATURITIES.map(
    (maturity) => `| *${maturity}* | ${MATURITY_TEXT[maturity].zh} | ${MATURITY_TEXT[maturity].en} |`,
  );
  return page("Rule packs", [
    "How a site uses them: [docs/rule-packs.md](../rule-packs.md). They stand in `rules/packs/`.",
    "How well each number is founded. Only what is *standard* is normative, and there the colour is Tocsin's all the same.",
    ["| founded | 依据 | what it means |", "|---|---|---|", ...meanings].join("\n"),
    ...packs.flatMap(packParts),
  ]);
}

function packParts(pack: Pack): string[] {
  const parts = [
    `## ${pack.id}: ${pack.name.zh} · ${pack.name.en}`,
    `${pack.summary.zh}<br>${pack.summary.en}`,
    pack.notes.map(({ zh, en }) => `- ${zh}<br>${en}`).join("\n"),
  ];
  const parameters = Object.entries(pack.parameters);
  if (parameters.length > 0) {
    parts.push(
      "### Parameters",
      [
        "| `set` | 含义 | what | unit | default | example | founded |",
        "|---|---|---|---|---|---|---|",
        ...parameters.map(parameterRow),
      ].join("\n"),
    );
  }
  for (const [name, rule] of Object.entries(pack.rules)) parts.push(...ruleParts(name, rule));
  return parts;
}

function parameterRow([name, parameter]: [string, PackParameter]): string {
  const { what, unit = "", need, source } = parameter;
  const standard = parameter.default === undefined ? `*${need}*` : `\`${cell(flow(parameter.default))}\``;
  const founded = source === undefined ? "" : sourceCell(source);
  return `| \`${name}\` | ${cell(what.zh)} | ${cell(what.en)} | ${unit} | ${standard} | \`${cell(flow(parameter.example))}\` | ${founded} |`;
}

function sourceCell({ maturity, basis, note }: NumberSource): string {
  const more = note === undefined ? "" : `<br>${note.zh} · ${note.en}`;
  return `*${maturity}*: ${cell(`${basis}${more}`)}`;
}

function ruleParts(name: string, packed: PackedRule): string[] {
  const { rule, needs } = packed;
  const { zh, en } = rule.name as { zh: string; en: string };
  const { class: of = "danger", applies, unit, latching } = rule as Record<string, unknown>;
  const facts = [
    `\`${flow(applies)}\``,
    `class ${String(of)}`,
    ...(unit === undefined ? [] : [`limits in ${String(unit)}`]),
    ...(latching === true ? ["latching"] : []),
    ...(needs.length === 0
      ? []
      : [`only with ${needs.map((parameter) => `\`${parameter}\``).join(" and ")}`]),
  ];
  const rows = packNumbers(packed).map(({ path, value, source }) => {
    const span = typeof value === "string" ? parseDuration(value) : undefined;
    const shown = span === undefined ? String(value) : formatDuration(span);
    return `| \`${path}\` | ${shown} | ${source === undefined ? "" : sourceCell(source)} |`;
  });
  const filled = [...new Set(JSON.stringify(rule).match(/(?<=\$\{)\w+(?=\})/g) ?? [])];
  const from = filled.length === 0 ? "" : ` Takes ${filled.map((each) => `\`${each}\``).join(", ")}.`;
  return [
    `### ${name}: ${zh} · ${en}`,
    `${facts.join("; ")}. ${cell(String(rule.basis))}.${from}`,
    ...(rows.length === 0 ? [] : [["| number | value | founded |", "|---|---|---|", ...rows].join("\n")]),
  ];
}
