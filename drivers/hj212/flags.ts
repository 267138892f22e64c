import type { ReasonName } from "../../model/quality.ts";
import type { Text } from "../../model/text.ts";

interface FlagRow extends Text {
  readonly reason: ReasonName;
}

/** Data flags (HJ 212-2017, table 8), and what each makes of its value. */
export const DATA_FLAGS: Readonly<Record<string, FlagRow>> = {
  N: { reason: "good", zh: "正常", en: "normal" },
  F: { reason: "out_of_service", zh: "停运", en: "stopped" },
  M: { reason: "inhibited", zh: "维护", en: "maintenance" },
  S: { reason: "local_override", zh: "手工输入", en: "entered by hand" },
  D: { reason: "device_failure", zh: "故障", en: "fault" },
  C: { reason: "calibrating", zh: "校准", en: "calibration" },
  T: { reason: "over_range", zh: "超测量上限", en: "above the measuring range" },
  B: { reason: "communication_error", zh: "通讯异常", en: "communication fault" },
};
