import type { Text } from "../../../model/text.ts";

/*
 * Rule packs in use at a site, and drivers that a site brings itself.
 */

export function notInPack(pack: string, what: "parameter" | "rule", name: string): Text {
  return {
    en: `pack "${pack}" has no ${what} "${name}"`,
    zh: `规则包“${pack}”没有${what === "rule" ? "规则" : "参数"}“${name}”`,
  };
}

/** Where in a pack something stands. */
export function placeInPack(pack: string, place: string): Text {
  return { en: `pack "${pack}", ${place}`, zh: `规则包“${pack}”，${place}` };
}

/** What the site lays over a pack. */
export function packsEntry(id: string): Text {
  return { en: `packs: ${id}`, zh: `packs：${id}` };
}

export function packForNothing(pack: string): Text {
  return {
    en: `pack "${pack}" applies to nothing: no channel of this site fits any of its rules`,
    zh: `规则包“${pack}”无处可用：本站点没有通道符合其中任何一条规则`,
  };
}

export const FIT_ONE_CHANNEL: Text = {
  en: "all that `applies` gives must fit one and the same channel; take the pack out, or give its devices",
  zh: "applies 的各项须由同一个通道满足；请去掉该规则包，或配置相应设备",
};

export function inVain(parameter: string): Text {
  return {
    en: `"${parameter}" is in vain: no rule in use takes it`,
    zh: `“${parameter}”不起作用：在用的规则都不需要它`,
  };
}

export function rulesThatWould(rules: readonly string[]): Text {
  return { en: `rules that would: ${rules.join(", ")}`, zh: `需要它的规则：${rules.join("、")}` };
}

export function changeInVain(rule: string, pack: string): Text {
  return {
    en: `the change is in vain: no channel of this site fits rule "${rule}" of pack "${pack}"`,
    zh: `改动不起作用：本站点没有通道符合规则包“${pack}”的规则“${rule}”`,
  };
}

export const NOT_WANTED: Text = {
  en: "`enabled: false` says that it is not wanted",
  zh: "不需要这条规则时写 enabled: false",
};

export function needsParameters(rule: string, pack: string, parameters: readonly string[]): Text {
  const quoted = parameters.map((name) => `"${name}"`).join(" and ");
  return {
    en: `rule "${rule}" of pack "${pack}" needs ${quoted} from this site`,
    zh: `规则包“${pack}”的规则“${rule}”需要本站点给出${parameters.map((name) => `“${name}”`).join("和")}`,
  };
}

export function setOrDisable(set: string, rule: string): Text {
  const disable = `rules: { ${rule}: { enabled: false } }`;
  return { en: `for example: set: ${set}; or ${disable}`, zh: `例如：set: ${set}；或 ${disable}` };
}

/** What is wrong with a driver that the site names. */
export function ofDriver(name: string, what: Text): Text {
  return { en: `${name}: ${what.en}`, zh: `${name}：${what.zh}` };
}

export function typeTaken(type: string, owner: string): Text {
  return {
    en: `links of type ${type} are already those of ${owner}`,
    zh: `${type} 类型的链路已属于 ${owner}`,
  };
}

export const NO_PACKAGE: Text = { en: "no such package", zh: "没有这个软件包" };

export function driverFails(why: string): Text {
  return { en: `the driver cannot be loaded: ${why}`, zh: `驱动无法加载：${why}` };
}

export const INSTALL_DRIVER: Text = {
  en: "install it in the site's folder, or name a file, as ./driver.ts",
  zh: "请在站点目录中安装它，或写文件名，如 ./driver.ts",
};

export function otherKit(version: number, ours: number): Text {
  return {
    en: `the driver is for version ${version} of the kit; this is version ${ours}`,
    zh: `驱动按第 ${version} 版开发包编写，本程序是第 ${ours} 版`,
  };
}

export function noDriver(name: string, version: number): Text {
  return {
    en: `${name} is no driver: it must export \`kit\` (${version}) and \`kinds\``,
    zh: `${name} 不是驱动：须导出 kit（${version}）和 kinds`,
  };
}

/** Where writing a driver is described. */
export const DRIVER_PAGE: Text = { en: "docs/write-a-driver.md", zh: "见 docs/write-a-driver.md" };

export function driverMute(why: string): Text {
  return { en: `the driver cannot say what it is: ${why}`, zh: `驱动未能说明自己的链路类型：${why}` };
}

export const DRIVER_FILE: Text = {
  en: "name a driver's file relative to this one",
  zh: "请写驱动文件的路径，相对于本文件",
};

export function writableByAll(name: string): Text {
  return {
    en: `${name} can be written by everybody, and would run with all the gateway may do`,
    zh: `${name} 任何人都可改写，而它运行时拥有网关的全部权限`,
  };
}

export function chmod(name: string): Text {
  return { en: `chmod o-w ${name}`, zh: `请执行 chmod o-w ${name}` };
}

export function incompleteKind(parts: readonly string[]): Text {
  return {
    en: `a kind of link lacks ${parts.join(", ")}, or has it wrong`,
    zh: `某种链路缺少 ${parts.join("、")}，或写法有误`,
  };
}
