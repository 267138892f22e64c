import type { Text } from "../../model/text.ts";
import { REPORT_TEXTS } from "./report-texts.ts";

/*
 * Every text that Tocsin says to people, in both languages, by key. `{name}` is filled in by `say` (format.ts). Chinese is
 * written as duty staff speak: colours, never 一级/二级, because standards count in opposite directions.
 */
const MESSAGES = {
  // Head of an alert, in 【】 or [].
  "head.upgrade": { zh: "升级", en: "worse" },
  "head.downgrade": { zh: "降级", en: "lower" },
  "head.again": { zh: "再次", en: "again" },
  "head.return": { zh: "恢复", en: "back to normal" },
  "head.latched": { zh: "保持", en: "latched" },
  "head.acknowledge": { zh: "已确认", en: "acknowledged" },
  "head.reset": { zh: "已复位", en: "reset" },
  "head.re-alarm": { zh: "再次报警", en: "still not over" },
  "head.shelve": { zh: "已搁置", en: "shelved" },
  "head.unshelve": { zh: "解除搁置", en: "unshelved" },
  "head.suppress": { zh: "已抑制", en: "suppressed" },
  "head.unsuppress": { zh: "抑制解除", en: "no longer suppressed" },
  "head.out-of-service": { zh: "停用", en: "out of service" },
  "head.return-to-service": { zh: "恢复运行", en: "back in service" },
  "head.respond": { zh: "处置·响应", en: "case · response" },
  "head.act": { zh: "处置·反馈", en: "case · action" },
  "head.close": { zh: "处置·结案", en: "case · closed" },
  "head.overrun": { zh: "处置·超时升级", en: "case · overdue" },
  "head.withdraw": { zh: "撤销", en: "withdrawn" },
  "head.historical": { zh: "补报", en: "late report" },
  "head.void": { zh: "空号", en: "void" },
  "head.fault": { zh: "故障", en: "fault" },
  "head.supervisory": { zh: "监管", en: "supervisory" },
  "head.monitoring": { zh: "监测中断", en: "monitoring lost" },
  "head.test": { zh: "测试", en: "TEST" },
  "head.exercise": { zh: "演练", en: "EXERCISE" },
  "head.simulated": { zh: "模拟", en: "SIMULATED" },

  // What crossed which limit.
  "crossed.above": { zh: "，超过 {limit}", en: ", above {limit}" },
  "crossed.at": { zh: "，达到 {limit}", en: ", at {limit}" },
  "crossed.below": { zh: "，低于 {limit}", en: ", below {limit}" },
  "crossed.was-above": { zh: "，曾超过 {limit}", en: ", was above {limit}" },
  "crossed.was-at": { zh: "，曾达到 {limit}", en: ", was at {limit}" },
  "crossed.was-below": { zh: "，曾低于 {limit}", en: ", was below {limit}" },
  "crossed.high-alarm": { zh: "（高报）", en: " (high alarm)" },
  "crossed.low-alarm": { zh: "（低报）", en: " (low alarm)" },
  "value.over-range": { zh: "超量程", en: "over range" },
  "value.under-range": { zh: "低于量程", en: "under range" },
  "value.none": { zh: "无有效值", en: "no usable value" },
  "value.forecast": {
    zh: "预计 {hours} 小时（区间 {earliest}–{latest} 小时，{points} 点；{time}推算）",
    en: "about {hours} h (between {earliest} and {latest} h, {points} points; as of {time})",
  },
  "value.resting": { zh: "未见加速", en: "not accelerating" },
  "value.frequency": { zh: "{value}（主频 {frequency}）", en: "{value} (at {frequency})" },
  "value.doubtful": { zh: "（数据可疑：{reason}）", en: " (data doubtful: {reason})" },

  // What a rule computes from the readings of a channel.
  "measure.rain": { zh: "雨量", en: "rain" },
  "measure.rate": { zh: "{quantity}变化率", en: "rate of change of {quantity}" },
  "measure.mean": { zh: "{quantity}{span}平均值", en: "mean of {quantity} over {span}" },
  "measure.minimum": { zh: "{quantity}{span}最小值", en: "minimum of {quantity} over {span}" },
  "measure.maximum": { zh: "{quantity}{span}最大值", en: "maximum of {quantity} over {span}" },
  "measure.sum": { zh: "{quantity}{span}合计", en: "sum of {quantity} over {span}" },
  "measure.rms": { zh: "{quantity}{span}均方根值", en: "rms of {quantity} over {span}" },
  "measure.deviation": { zh: "{quantity}{span}标准差", en: "spread of {quantity} over {span}" },
  "measure.count": { zh: "{quantity}{span}次数", en: "{quantity}, times in {span}" },
  "measure.exposure": {
    zh: "{quantity}{span}加权平均值",
    en: "time-weighted mean of {quantity} over {span}",
  },
  "measure.exposure.twa": { zh: "{quantity}{span}加权平均值（TWA）", en: "{quantity}, {span} TWA" },
  "measure.exposure.stel": { zh: "{quantity}{span}短时接触值（STEL）", en: "{quantity}, {span} STEL" },
  "measure.accumulation": { zh: "{span}{quantity}", en: "{quantity} in {span}" },
  "measure.antecedent": {
    zh: "{span}{quantity}（含前期雨量折算）",
    en: "{quantity} in {span} with what fell before",
  },
  "measure.jump": { zh: "{quantity}突变", en: "jump of {quantity}" },
  "measure.stuck": { zh: "{quantity}数值未变时长", en: "{quantity} unchanged for" },
  "measure.departure": { zh: "{quantity}偏差", en: "departure of {quantity}" },
  "measure.staLta": { zh: "{quantity}长短时均值比（STA/LTA）", en: "STA/LTA ratio of {quantity}" },
  "measure.machineVibration": { zh: "振动烈度", en: "vibration severity (rms velocity)" },
  "measure.buildingVibration": { zh: "建筑振动峰值速度", en: "peak velocity at the building" },
  "measure.tangentAngle": { zh: "{quantity}切线角", en: "tangent angle of {quantity}" },
  "measure.timeToFailure": { zh: "{quantity}推算的失稳时间", en: "time to failure from {quantity}" },
  "measure.votes": { zh: "同时报警的探测器数", en: "detectors in alarm" },
  "measure.conditions": { zh: "成立的条件数", en: "conditions that hold" },
  "measure.sequence": { zh: "先后发生的间隔", en: "time between the two" },
  "measure.expression": { zh: "计算值", en: "result of the expression" },

  // Sentences of danger, fault and supervisory alarms. {thing} is what is measured with its value and limit.
  "event.raise": { zh: "{where}，{thing}，{time}。", en: "{where}: {thing}, {time}." },
  "event.upgrade": {
    zh: "{where}，{thing}，由{before}升为{severity}，{time}。",
    en: "{where}: {thing}, from {before} up to {severity}, {time}.",
  },
  "event.downgrade": {
    zh: "{where}，{thing}，由{before}降为{severity}，尚未解除，{time}。",
    en: "{where}: {thing}, from {before} down to {severity}, not over yet, {time}.",
  },
  "event.again": { zh: "{where}，{thing}，再次报警，{time}。", en: "{where}: {thing}, again, {time}." },
  "event.return": {
    zh: "{where}，{thing}，已恢复正常。最高{highest}，历时{duration}。",
    en: "{where}: {thing}, back to normal. Highest {highest}, lasted {duration}.",
  },
  "event.return-latched": {
    zh: "{where}，{thing}，已恢复正常，报警保持。最高{highest}，历时{duration}。请现场核查无误后复位。",
    en: "{where}: {thing}, back to normal; the alarm is latched. Highest {highest}, lasted {duration}. Check on the spot, then reset.",
  },
  "event.acknowledge-active": {
    zh: "{where}，{rule}，{user}已确认，尚未解除。",
    en: "{where}: {rule}, acknowledged by {user}; not over yet.",
  },
  "event.acknowledge-latched": {
    zh: "{where}，{rule}，{user}已确认，等待复位。",
    en: "{where}: {rule}, acknowledged by {user}; waits for reset.",
  },
  "event.acknowledge-over": {
    zh: "{where}，{rule}，{user}已确认，报警结束。",
    en: "{where}: {rule}, acknowledged by {user}; the alarm has ended.",
  },
  "event.reset": {
    zh: "{where}，{rule}，{user}已复位，报警结束。",
    en: "{where}: {rule}, reset by {user}; the alarm has ended.",
  },
  "event.re-alarm": {
    zh: "{where}，{thing}，确认后仍未解除，再次报警，{time}。",
    en: "{where}: {thing}, acknowledged and still not over, {time}.",
  },
  "event.respond": {
    zh: "{where}，处置单{number}，{user}已响应，正前往处置，{time}。",
    en: "{where}: case {number}, {user} is on the way, {time}.",
  },
  "event.act": {
    zh: "{where}，处置单{number}，{user}反馈，{time}。",
    en: "{where}: case {number}, action by {user}, {time}.",
  },
  "event.close": {
    zh: "{where}，处置单{number}，{user}已结案，原因：{cause}，{time}。",
    en: "{where}: case {number} closed by {user}, cause: {cause}, {time}.",
  },
  "event.overrun": {
    zh: "{where}，{rule}，处置单{number}，{step}，{time}。",
    en: "{where}: {rule}, case {number}: {step}, {time}.",
  },
  "event.overrun-escalated": {
    zh: "{where}，{rule}，处置单{number}，{step}，现升级通知{group}，{time}。",
    en: "{where}: {rule}, case {number}: {step}; now told to {group}, {time}.",
  },
  "overdue.acknowledge": { zh: "超时未确认", en: "not acknowledged in time" },
  "overdue.respond": { zh: "超时未响应", en: "nobody has responded in time" },
  "overdue.close": { zh: "超时未结案", en: "not closed in time" },
  "cause.real": { zh: "真实险情", en: "real" },
  "cause.false": { zh: "误报", en: "false alarm" },
  "cause.test": { zh: "测试", en: "test" },
  "cause.maintenance": { zh: "检修维护", en: "maintenance" },
  "cause.duplicate": { zh: "重复", en: "duplicate" },
  "cause.unknown": { zh: "原因不明", en: "unknown" },
  "case.present": {
    zh: "【处置·{severity}】{mode}{where}，处置单{number}，共{count}次报警，{time}起。",
    en: "[case · {severity}] {mode}{where}: case {number}, {count} alarms, since {time}.",
  },
  "case.mode": { zh: "（{mode}）", en: "({mode}) " },
  "case.step.acknowledge": { zh: "请确认报警。", en: " Acknowledge the alarm." },
  "case.step.respond": { zh: "请派人响应。", en: " Send somebody." },
  "case.step.close": {
    zh: "请反馈处置情况，办结后结案。",
    en: " Say what was done, and close it with a report.",
  },
  "case.step.done": { zh: "已结案。", en: " Closed." },
  "guidance.overrun.acknowledge": {
    zh: "请立即确认报警，并核实现场。",
    en: "Acknowledge the alarm now and find out what happens on the spot.",
  },
  "guidance.overrun.respond": { zh: "请立即派人前往。", en: "Send somebody now." },
  "guidance.overrun.close": { zh: "请补报处置情况并结案。", en: "Report what was done and close the case." },
  "event.upgrade-unshelved": {
    zh: "{where}，{thing}，由{before}升为{severity}，{time}，搁置随之解除。",
    en: "{where}: {thing}, from {before} up to {severity}, {time}; no longer shelved.",
  },
  "event.shelve": {
    zh: "{where}，{rule}，{user}已搁置，最晚至{until}。搁置期间不提示，仍在监测和记录。",
    en: "{where}: {rule}, shelved by {user} until {until} at the latest. It is not announced meanwhile; it is watched and recorded.",
  },
  "event.unshelve-active": {
    zh: "{where}，{thing}，搁置结束，报警仍未解除，{time}。",
    en: "{where}: {thing}, shelving has ended and the alarm is not over, {time}.",
  },
  "event.unshelve-over": {
    zh: "{where}，{rule}，搁置结束，目前没有报警条件。",
    en: "{where}: {rule}, shelving has ended; the condition does not hold now.",
  },
  "event.unshelve-silent": {
    zh: "{where}，{rule}，搁置结束，但仍因抑制或停用而不提示。",
    en: "{where}: {rule}, shelving has ended; it is still suppressed or out of service.",
  },
  "event.suppress": {
    zh: "{where}，{rule}，抑制条件成立，暂停提示，仍在监测和记录。",
    en: "{where}: {rule}, suppressed by design; it is not announced, but watched and recorded.",
  },
  "event.unsuppress-active": {
    zh: "{where}，{thing}，抑制解除，报警仍未解除，{time}。",
    en: "{where}: {thing}, no longer suppressed and not over, {time}.",
  },
  "event.unsuppress-over": {
    zh: "{where}，{rule}，抑制解除，目前没有报警条件。",
    en: "{where}: {rule}, no longer suppressed; the condition does not hold now.",
  },
  "event.unsuppress-silent": {
    zh: "{where}，{rule}，抑制解除，但仍因搁置或停用而不提示。",
    en: "{where}: {rule}, no longer suppressed; it is still shelved or out of service.",
  },
  "event.inhibition.begun": {
    zh: "{where}，抑制条件成立，有关报警暂停提示，最晚至{until}，仍在监测和记录。",
    en: "{where}: alarms are suppressed by design until {until} at the latest; they are watched and recorded.",
  },
  "event.inhibition.ended": {
    zh: "{where}，抑制结束，有关报警恢复提示，{time}。",
    en: "{where}: alarms are no longer suppressed, {time}.",
  },
  "event.out-of-service": {
    zh: "{where}，{rule}，因停用检修暂停提示，至{until}，仍在记录。",
    en: "{where}: {rule}, not announced until {until} while out of service; it is recorded.",
  },
  "event.return-to-service-active": {
    zh: "{where}，{thing}，恢复运行，报警仍未解除，{time}。",
    en: "{where}: {thing}, back in service and not over, {time}.",
  },
  "event.return-to-service-over": {
    zh: "{where}，{rule}，恢复运行，目前没有报警条件。",
    en: "{where}: {rule}, back in service; the condition does not hold now.",
  },
  "event.return-to-service-silent": {
    zh: "{where}，{rule}，恢复运行，但仍因搁置或抑制而不提示。",
    en: "{where}: {rule}, back in service; it is still shelved or suppressed.",
  },
  "event.permit.opened": {
    zh: "{where}，{user}已开具作业票，至{until}自动失效，期间执行作业限值。",
    en: "{where}: permit to work opened by {user} until {until}; tighter limits apply meanwhile.",
  },
  "event.permit.closed": {
    zh: "{where}，{user}已关闭作业票，恢复平时限值，{time}。",
    en: "{where}: permit to work closed by {user}; the usual limits apply, {time}.",
  },
  "event.permit.expired": {
    zh: "{where}，作业票时间已到，自动失效，恢复平时限值，{time}。如仍在作业请重新开票。",
    en: "{where}: the permit to work is over its time; the usual limits apply, {time}. If work goes on, open a new one.",
  },
  "event.self-test.begun": {
    zh: "{where}，这是一条测试报警，不是真实报警，{time}。请在{until}前确认，以证明报警能够送达。",
    en: "{where}: this is a test alarm and no real one, {time}. Acknowledge it before {until}, to prove that alarms arrive.",
  },
  "event.self-test.acknowledged": {
    zh: "{where}，{user}已确认测试报警。",
    en: "{where}: the test alarm was acknowledged by {user}.",
  },
  "event.self-test.passed": {
    zh: "{where}，自检通过：测试报警已送达并得到确认，用时{duration}。",
    en: "{where}: self-test passed; the test alarm arrived and was acknowledged within {duration}.",
  },
  "event.self-test.late": {
    zh: "{where}，自检未通过：测试报警在{duration}内无人确认。",
    en: "{where}: self-test failed; nobody acknowledged the test alarm within {duration}.",
  },
  "guidance.self-test": {
    zh: "只需确认，无需到场。",
    en: "Acknowledge it; nobody needs to go anywhere.",
  },
  "guidance.self-test-failed": {
    zh: "检查值班终端与消息服务器的连接、值守情况，再做一次自检。",
    en: "See whether the desks are connected to the broker and manned, then test again.",
  },
  "event.service.out": {
    zh: "{where}，{user}已停用检修，至{until}自动恢复。停用期间报警不提示，请安排人工巡查。",
    en: "{where}: taken out of service by {user} until {until}. Its alarms are not announced meanwhile; have the place patrolled.",
  },
  "event.service.returned": {
    zh: "{where}，{user}已恢复运行，{time}。",
    en: "{where}: returned to service by {user}, {time}.",
  },
  "event.service.expired": {
    zh: "{where}，停用时间已到，自动恢复运行，{time}。",
    en: "{where}: the time out of service is over; back in service by itself, {time}.",
  },
  "event.withdraw": {
    zh: "{where}，{rule}：该规则或监测对象已从配置中移除，报警撤销。这不表示险情已经解除。",
    en: "{where}: {rule}: the rule or what it watches is no longer configured; the alarm is withdrawn. This does not mean that the danger is over.",
  },
  "event.historical": {
    zh: "{where}，{thing}，发生于{measured}。数据迟到，仅作记录，现场请核实。",
    en: "{where}: {thing}, at {measured}. The data came late: for the record; please verify on the spot.",
  },
  "event.void": {
    zh: "事件编号 {from} 至 {to} 没有对应的事件，请勿等待。",
    en: "Event numbers {from} to {to} hold no event: do not wait for them.",
  },
  "event.monitoring.raise": {
    zh: "{where}，{what}监测中断（{reason}），{time}{covers}。中断期间无法发现险情。",
    en: "{where}: {what} is no longer monitored ({reason}), {time}{covers}. Danger cannot be seen meanwhile.",
  },
  "event.monitoring.return": {
    zh: "{where}，{what}监测恢复，中断{duration}。",
    en: "{where}: {what} is monitored again after {duration}.",
  },
  "event.covers": { zh: "，涉及 {count} 台设备", en: ", {count} devices concerned" },
  "event.note": { zh: "备注：{note}", en: "Note: {note}" },
  "event.somebody": { zh: "值班员", en: "the duty officer" },

  // What to do, where the rule itself gives no guidance. `urgent` is for orange and red.
  "guidance.danger.gas.urgent": {
    zh: "请立即疏散人员，严禁明火和开关电器，通知燃气抢修，切勿贸然下井或进入。",
    en: "Get people out now, no flames and no switches, call the gas emergency crew; do not enter.",
  },
  "guidance.danger.gas.watch": {
    zh: "请尽快派人携带便携仪核查，注意通风，禁止明火。",
    en: "Send somebody with a portable detector soon; ventilate, no flames.",
  },
  "guidance.danger.fire.urgent": {
    zh: "请立即核实火情、组织疏散，确认起火即拨打119。",
    en: "Verify now, evacuate, and call the fire brigade (119) when it burns.",
  },
  "guidance.danger.fire.watch": {
    zh: "请尽快到现场核实，排除火险。",
    en: "Go and check soon; remove the hazard.",
  },
  "guidance.danger.geohazard.urgent": {
    zh: "请立即通知受威胁人员转移，封闭危险区和道路，未经研判不得返回。",
    en: "Move the people at risk now, close the area and the road; nobody returns before an assessment.",
  },
  "guidance.danger.geohazard.watch": {
    zh: "请通知监测员现场巡查，做好转移准备。",
    en: "Have the observer patrol the place; prepare to move people.",
  },
  "guidance.danger.water.urgent": {
    zh: "请立即按预案通知沿岸和低洼处人员转移，禁止通行。",
    en: "Move people from the banks and low places now, as planned; stop the traffic.",
  },
  "guidance.danger.water.watch": {
    zh: "请加强巡查，关注上游来水，做好转移准备。",
    en: "Patrol more often, watch the upstream, prepare to move people.",
  },
  "guidance.danger.electrical.urgent": {
    zh: "请立即切断电源并核查，严禁带电用水灭火。",
    en: "Cut the power now and check; no water on live parts.",
  },
  "guidance.danger.electrical.watch": {
    zh: "请尽快安排电工检查线路。",
    en: "Have an electrician check the circuit soon.",
  },
  "guidance.danger.machine.urgent": {
    zh: "请立即停机，人员远离，查明原因后方可再启动。",
    en: "Stop the machine now, keep away, find the cause before it starts again.",
  },
  "guidance.danger.machine.watch": { zh: "请尽快检查设备运行状态。", en: "Check the machine soon." },
  "guidance.danger.environment.urgent": {
    zh: "请立即撤离现场人员，做好防护并通风，禁止无防护施救。",
    en: "Get people out now, ventilate; no rescue without protection.",
  },
  "guidance.danger.environment.watch": {
    zh: "请尽快现场核查，注意通风和防护。",
    en: "Check on the spot soon; ventilate, wear protection.",
  },
  "guidance.danger.system.urgent": { zh: "请立即到现场核实。", en: "Verify on the spot now." },
  "guidance.danger.system.watch": { zh: "请尽快到现场核实。", en: "Verify on the spot soon." },
  "guidance.fault": {
    zh: "请安排检修，修复前请人工巡查该处。",
    en: "Have it repaired; patrol the place until then.",
  },
  "guidance.supervisory": { zh: "请派人查看。", en: "Send somebody to look." },
  "guidance.monitoring": {
    zh: "请检查供电和通信，恢复前请人工巡查。",
    en: "Check power and communication; patrol until it is back.",
  },
  "guidance.none": { zh: "无需处置。", en: "Nothing to do." },
  "guidance.acknowledge": { zh: "请值班员确认。", en: "Please acknowledge." },

  // States of an alarm.
  "state.normal": { zh: "正常", en: "normal" },
  "state.unacknowledged": { zh: "报警，未确认", en: "active, unacknowledged" },
  "state.acknowledged": { zh: "报警，已确认", en: "active, acknowledged" },
  "state.returned": { zh: "已恢复，未确认", en: "returned, unacknowledged" },
  "state.latched-unacknowledged": { zh: "已恢复，保持，未确认", en: "latched, unacknowledged" },
  "state.latched": { zh: "已恢复，保持，待复位", en: "latched, waits for reset" },

  // Why an alarm is not announced.
  "silence.shelved": { zh: "搁置中", en: "shelved" },
  "silence.suppressed": { zh: "抑制中", en: "suppressed" },
  "silence.out-of-service": { zh: "停用中", en: "out of service" },

  // Codes of discrete channels.
  "code.normal": { zh: "正常", en: "normal" },
  "code.active": { zh: "报警", en: "active" },
  "code.failed": { zh: "失电", en: "failed" },
  "code.closed": { zh: "关", en: "closed" },
  "code.open": { zh: "开", en: "open" },
  "code.stopped": { zh: "停止", en: "stopped" },
  "code.running": { zh: "运行", en: "running" },
  "code.off": { zh: "断开", en: "off" },
  "code.on": { zh: "接通", en: "on" },

  // A point at a glance.
  "point.normal": { zh: "{point}：正常，数据更新于{time}。", en: "{point}: normal, last data {time}." },
  "point.waiting": { zh: "{point}：尚未收到数据。", en: "{point}: no data yet." },
  "point.unacknowledged": {
    zh: "{point}：已恢复正常，{count} 条报警待确认。",
    en: "{point}: back to normal; alarms to be acknowledged: {count}.",
  },
  "point.alarm": {
    zh: "{point}：{severity}报警，共 {count} 条。",
    en: "{point}: {severity}, alarms: {count}.",
  },
  "point.alarm-and-blind": {
    zh: "{point}：{severity}报警，共 {count} 条；监测中断（{lost}/{total}），可能还有未发现的险情。",
    en: "{point}: {severity}, alarms: {count}; monitoring lost for {lost} of {total} channels, more danger may go unseen.",
  },
  "point.partial": {
    zh: "{point}：部分监测中断（{lost}/{total}）。",
    en: "{point}: monitoring partly lost ({lost} of {total}).",
  },
  "point.lost": {
    zh: "{point}：监测中断，无法发现险情。",
    en: "{point}: monitoring lost; danger cannot be seen.",
  },
  "point.out-of-service": {
    zh: "{point}：停用检修（{out}/{total}），停用部分的报警不提示，请人工巡查。",
    en: "{point}: out of service ({out} of {total}); its alarms are not announced, have it patrolled.",
  },
  "point.off": { zh: "{point}：未投入监测（{stage}）。", en: "{point}: not monitored ({stage})." },
  "stage.planned": { zh: "规划中", en: "planned" },
  "stage.commissioning": { zh: "调试中", en: "commissioning" },
  "stage.live": { zh: "已投运", en: "live" },
  "stage.retired": { zh: "已退役", en: "retired" },

  // The gateway's own state.
  "status.online": {
    zh: "{site}网关在线，最后事件编号 {seq}。",
    en: "{site}: gateway online, last event {seq}.",
  },
  "status.failing": {
    zh: "{site}网关在线，但数据无法存盘：{failure}。报警照常。",
    en: "{site}: gateway online, but its journal cannot write: {failure}. Alarms go on.",
  },
  "status.stopped": {
    zh: "{site}网关已正常停止，停止期间不监测。",
    en: "{site}: gateway stopped in good order; nothing is monitored meanwhile.",
  },
  "status.lost": {
    zh: "{site}网关失去联系，请立即检查供电和网络。期间收不到报警。",
    en: "{site}: gateway out of contact; check its power and network now. No alarm can come through meanwhile.",
  },

  // Results of commands.
  "verb.acknowledge": { zh: "确认", en: "acknowledge" },
  "verb.reset": { zh: "复位", en: "reset" },
  "verb.write": { zh: "写入", en: "write" },
  "verb.ask": { zh: "召测", en: "ask" },
  "verb.shelve": { zh: "搁置", en: "shelve" },
  "verb.unshelve": { zh: "解除搁置", en: "unshelve" },
  "verb.respond": { zh: "响应", en: "respond" },
  "verb.act": { zh: "反馈", en: "note an action" },
  "verb.close": { zh: "结案", en: "close" },
  "verb.out-of-service": { zh: "停用", en: "take out of service" },
  "verb.return-to-service": { zh: "恢复运行", en: "return to service" },
  "verb.proof-test": { zh: "登记检验", en: "record a proof test" },
  "verb.open-permit": { zh: "开具作业票", en: "open a permit" },
  "verb.close-permit": { zh: "关闭作业票", en: "close a permit" },
  "verb.self-test": { zh: "自检", en: "self-test" },
  "verb.resend": { zh: "补发", en: "resend" },
  "result.begun": {
    zh: "{verb}已开始，尚未通过：请在时限内确认测试报警。",
    en: "{verb}: begun, not passed yet; acknowledge the test alarm in time.",
  },
  "result.accepted": { zh: "{verb}成功。", en: "{verb}: done." },
  "result.not-durable": {
    zh: "{verb}已生效，但尚未存盘，断电后可能失效。",
    en: "{verb}: in effect, but not on disk yet; a power cut would undo it.",
  },
  "result.resent": {
    zh: "已补发 {from} 至 {to}，共 {sent} 条。",
    en: "Sent again {from} to {to}: {sent} messages.",
  },
  "result.repeated": {
    zh: "该命令此前已执行，没有再次执行。如需再次操作，请换新的编号。",
    en: "This command was carried out before and not again; use a new id to repeat it.",
  },
  "result.refused": { zh: "{verb}未执行：{reason}", en: "{verb} refused: {reason}" },
  "refusal.unknown-alarm": { zh: "没有这条报警。", en: "there is no such alarm." },
  "refusal.wrong-occurrence": {
    zh: "该报警已是另一次发生，请核对后重发。",
    en: "the alarm is now another occurrence; look again and repeat.",
  },
  "refusal.not-active": { zh: "该报警已结束。", en: "the alarm is not active." },
  "refusal.already-acknowledged": { zh: "该报警已有人确认。", en: "somebody has acknowledged it already." },
  "refusal.not-acknowledged": {
    zh: "请先确认，再复位。",
    en: "acknowledge it first, then reset.",
  },
  "refusal.condition-still-present": {
    zh: "报警条件仍存在。",
    en: "the condition is still present.",
  },
  "refusal.not-latched": { zh: "该报警无需复位。", en: "the alarm is not latched." },
  "refusal.unknown-subject": {
    zh: "没有这个监测点、设备、部件或通道。",
    en: "there is no such point, device, component or channel.",
  },
  "refusal.too-long": {
    zh: "时间超过本站允许的最长时限。",
    en: "that is longer than this site permits.",
  },
  "refusal.not-shelved": { zh: "该报警没有被搁置。", en: "the alarm is not shelved." },
  "refusal.not-out-of-service": { zh: "该对象没有停用。", en: "it is not out of service." },
  "refusal.unknown-permit": { zh: "本站没有这种作业票。", en: "this site has no such permit." },
  "refusal.not-open": { zh: "该处没有有效的作业票。", en: "no such permit is open there." },
  "refusal.not-allowed": { zh: "不允许：{detail}", en: "that is not allowed: {detail}" },
  "refusal.device-failed": {
    zh: "设备没有按要求应答，请到现场核实：{detail}",
    en: "the device did not do it, or does not show it; look on the spot: {detail}",
  },
  "refusal.unknown-case": { zh: "没有这张处置单。", en: "there is no such case." },
  "refusal.case-closed": { zh: "该处置单已结案。", en: "the case is closed." },
  "refusal.not-responded": {
    zh: "尚无人响应：真实险情须先响应，再结案。",
    en: "nobody has responded: a real danger is responded to before its case is closed.",
  },
  "refusal.self-test-running": { zh: "自检正在进行。", en: "a self-test is under way." },
  "refusal.not-supported": { zh: "本网关不支持该命令。", en: "this gateway does not know the command." },
  "refusal.invalid": { zh: "命令内容有误：{detail}", en: "the command is malformed: {detail}" },
  "refusal.retained": {
    zh: "不接受保留消息，请以普通消息重发。",
    en: "retained commands are not accepted; send it without the retain flag.",
  },
  // What goes out by routes to people.
  "route.lost": { zh: "告警通道中断", en: "alert route lost" },
  "route.digest": {
    zh: "【汇总】{site}：另有 {count} 条（{colours}），{from}至{to}：",
    en: "[digest] {site}: {count} more ({colours}), {from} to {to}:",
  },
  "route.outline": {
    zh: "【{colours}】{site}：{count} 条告警正在逐条发送，{from}至{to}，先行汇总：",
    en: "[{colours}] {site}: {count} alerts follow one by one, {from} to {to}; in short:",
  },
  "route.more": { zh: "……另有 {count} 条，见告警记录。", en: "… and {count} more: see the alarm log." },
  "route.trial": {
    zh: "【通道测试】{site}：这是一条测试消息（{route}），并无险情，无需处置。",
    en: "[trial] {site}: this message tries a route ({route}). There is no danger and nothing to do.",
  },
  "sms.digest": {
    zh: "【汇总】另有{count}条（{colours}），{site}：",
    en: "[digest] {count} more ({colours}), {site}: ",
  },
  "sms.outline": {
    zh: "【{colours}】{count}条告警逐条发送，{site}：",
    en: "[{colours}] {count} alerts follow, {site}: ",
  },
  "sms.trial": {
    zh: "【通道测试】并无险情，无需处置。{site}（{route}）",
    en: "[trial] No danger, nothing to do. {site} ({route})",
  },
  "cap.headline": { zh: "{where}{rule}，{severity}告警", en: "{severity} alert: {rule}, {where}" },
  "cap.headline-over": {
    zh: "{where}{rule}，{severity}告警解除",
    en: "over: {severity} alert, {rule}, {where}",
  },
  "refusal.expired": { zh: "命令已过期。", en: "the command has expired." },
  "refusal.too-old": {
    zh: "命令下达时间与网关时钟相差超过5分钟（下达 / 网关：{detail}），请看清现状后重新下达；如为刚刚下达，请核对两边的时钟。",
    en: "it was given more than five minutes from now (given / gateway: {detail}); look at how things stand now, and give it again. If it was given just now, compare the clocks.",
  },
  "refusal.unknown-age": {
    zh: "通信刚刚恢复，无法判断命令何时下达。请看清现状后重新下达，或注明 issued。",
    en: "the connection has just come back, and nobody knows when it was given; look at how things stand now and give it again, or say when with `issued`.",
  },
  "refusal.too-many": { zh: "命令过于频繁，请稍候再试。", en: "too many commands; wait and try again." },
  "refusal.busy": { zh: "正在处理其他命令，请稍候再试。", en: "busy with other commands; try again later." },
  "refusal.failed": {
    zh: "网关内部错误，命令未执行。",
    en: "an error inside the gateway; nothing was done.",
  },
  ...REPORT_TEXTS,
} as const satisfies Record<string, Text>;

/** Key of a text. */
export type MessageKey = keyof typeof MESSAGES;

/** All texts, by key. */
export const CATALOGUE: Readonly<Record<MessageKey, Text>> = MESSAGES;

/** Whether a text exists under this key; for keys that are put together from data. */
export function isMessageKey(key: string): key is MessageKey {
  return Object.hasOwn(MESSAGES, key);
}
