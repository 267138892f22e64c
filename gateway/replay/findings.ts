import type { Text } from "../../model/text.ts";
import { formatDuration, type Micros, SECOND } from "../../model/time.ts";
import type { Change } from "./difference.ts";
import type { Score } from "./score.ts";

/*
 * What comparisons have found, in words.
 */

/** What changes, for people. */
export function changeText(change: Change): Text {
  if (change.kind === "appears") return { zh: "新出现", en: "appears" };
  if (change.kind === "vanishes") return { zh: "消失", en: "vanishes" };
  const zh: string[] = [];
  const en: string[] = [];
  const { raised, ended, severity } = change;
  if (raised !== 0) {
    zh.push(raised < 0 ? `提前 ${exact(-raised)}` : `推迟 ${exact(raised)}`);
    en.push(raised < 0 ? `${exact(-raised)} earlier` : `${exact(raised)} later`);
  }
  if (severity !== "same") {
    zh.push(severity === "higher" ? "级别升高" : "级别降低");
    en.push(severity === "higher" ? "more severe" : "less severe");
  }
  if (ended === undefined) {
    zh.push(change.other.ended === undefined ? "不再恢复" : "会恢复");
    en.push(change.other.ended === undefined ? "does not end" : "ends");
  } else if (ended !== 0) {
    zh.push(`结束${ended < 0 ? "提前" : "推迟"} ${exact(Math.abs(ended))}`);
    en.push(`ends ${exact(Math.abs(ended))} ${ended < 0 ? "earlier" : "later"}`);
  }
  return { zh: zh.join("，"), en: en.join(", ") };
}

/** A score in a sentence. */
export function scoreText(score: Score): Text {
  const delay = Number.isNaN(score.medianDelay) ? "–" : seconds(score.medianDelay);
  const rate = Number.isNaN(score.falsePerSensorDay) ? "–" : score.falsePerSensorDay.toPrecision(2);
  const days = score.sensorDays.toFixed(1);
  return {
    zh: `检出 ${score.detected}，漏报 ${score.missed}，延迟中位数 ${delay}；误报 ${score.falseAlarms.length} 次，每通道每天 ${rate} 次（${days} 通道·天）`,
    en: `${score.detected} detected, ${score.missed} missed, median delay ${delay}; ${score.falseAlarms.length} false alarms, ${rate} per sensor-day (${days} sensor-days)`,
  };
}

/** A span in full seconds. */
export function seconds(span: Micros): string {
  return formatDuration(Math.round(span / SECOND) * SECOND);
}

function exact(span: Micros): string {
  return span < SECOND ? formatDuration(span) : seconds(span);
}
