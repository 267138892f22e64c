import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { loadSite } from "../../gateway/config/load.ts";
import { renderProblem } from "../../gateway/config/problem.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder("component-table");
afterAll(() => folder.remove());

/** A panel whose components stand in a table, beside one that is written out. */
function site(table: string) {
  writeFileSync(folder.join("fp.csv"), table);
  writeFileSync(
    folder.join("site.yaml"),
    `site: { id: demo, name: 示范站 }
links: { panel: { type: modbus-tcp, host: 192.0.2.1 } }
points: { f1: { name: 1层, domain: fire }, f2: { name: 2层, domain: fire } }
devices:
  fp:
    profile: notifier-modbus-gw
    link: panel
    point: f1
    componentsFrom: fp.csv
    components: { l9d9: { address: { loop: 9, number: 9 } } }
rules:
  fire: { name: 火警, applies: { quantity: [fire, co_alarm, pre_alarm] }, equals: { red: active } }
`,
  );
  const { configuration, problems } = loadSite(folder.join("site.yaml"));
  const said = problems.map((problem) => renderProblem(problem).replaceAll(`${folder.path}/`, ""));
  return { configuration, said };
}

describe("a panel whose components stand in a table", () => {
  test("has those of the table and those written out, each at its point, empty cells being defaults", () => {
    const { configuration, said } = site(
      "id,loop,module,number,point,name\nl1d1,1,,1,,大堂感烟\nl1m2,1,1,2,f2,2层手报\n",
    );
    expect(said).toEqual([]);
    const found = configuration!.site.components.map(({ id, name, point, address }) => [
      id,
      name.zh,
      point,
      address,
    ]);
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        ["l1d1", "大堂感烟", 0, { loop: 1, module: 0, number: 1 }],
        ["l1m2", "2层手报", 1, { loop: 1, module: 1, number: 2 }],
        ["l9d9", "l9d9", 0, { loop: 9, module: 0, number: 9 }],
      ]),
    );
  });

  test("with mistakes: each at its line and column of the table", () => {
    const { configuration, said } = site(
      "id,loop,number,point\nl1d1,11,1,\nl1d2,1,2,f3\nl1d2,1,3,\n,1,4,\nl9d9,1,5,\n",
    );
    expect(configuration).toBeUndefined();
    const all = said.join("\n");
    expect(all).toMatch(/fp\.csv:2:6: error .*"loop" must be at most 10/);
    expect(all).toMatch(/fp\.csv:3:10: error .*no point is called "f3"/);
    expect(all).toMatch(/fp\.csv:4:1: error .*two rows have the id "l1d2"/);
    expect(all).toMatch(/fp\.csv:5:1: error .*the row has no id/);
    expect(all).toMatch(/fp\.csv:6:1: error .*"l9d9" is defined twice/);
  });

  test("that is not there, or has no column id", () => {
    expect(site("loop,number\n1,1\n").said.join("\n")).toMatch(
      /site\.yaml:9:\d+: error .*no column is called "id"/,
    );
  });
});
