/** What rules say of themselves when they are compiled, and their schemas. */
export const RULE_WORDS: Readonly<Record<string, string>> = {
  // Which of its channels it is said of.
  "{1} (channel {2} and {3} more)": "{1}（通道 {2} 等，另有 {3} 个）",
  "{1} (channel {2})": "{1}（通道 {2}）",

  // Names that the site does not have.
  "there is no channel “{1}” in this site": "本站点没有通道“{1}”",
  "there is no point “{1}” in this site": "本站点没有监测点“{1}”",
  "there is no group “{1}” in this site": "本站点没有分组“{1}”",
  "there is no device “{1}” in this site": "本站点没有设备“{1}”",
  "there is no profile “{1}” in this site": "本站点没有设备使用型号文件“{1}”",
  "there is no link “{1}” in this site": "本站点没有链路“{1}”",
  "there is no calendar “{1}” in this site": "本站点没有日历“{1}”",
  "there is no outside source “{1}” in this site": "本站点没有外部信息源“{1}”",
  "there is no rule “{1}” at work in this site": "本站点没有在用的规则“{1}”",
  "there is no {1} “{2}” in this site": "本站点没有 {1}“{2}”",
  "there are: {1}": "已有：{1}",
  "it has: {1}": "可用：{1}",
  "“{1}” is the name of a built-in rule": "“{1}”是内置规则的名称",
  "choose another id; the built-in rules are set under `alarms`": "请另取 id；内置规则在 alarms 段里设置",
  "no channel of this site fits: the rule watches nothing": "本站点没有符合的通道：规则无从监测",
  "all that `applies` gives must fit one and the same channel; `enabled: false` keeps a rule for later":
    "applies 的各项须由同一个通道满足；暂不使用的规则写 enabled: false",
  "none of its channels belongs to a point: the rule watches nothing":
    "它的通道都不属于任何监测点：规则无从监测",
  "none of its channels belongs to a group: the rule watches nothing":
    "它的通道都不属于任何分组：规则无从监测",
  "none of its channels belongs to a device: the rule watches nothing":
    "它的通道都不属于任何设备：规则无从监测",
  "it belongs to several groups": "该通道属于多个分组",
  "narrow `applies` to one group, and make a rule for each":
    "请用 applies 限定到一个分组，每个分组各写一条规则",
  "its device has no channel “{1}”": "它的设备没有通道“{1}”",
  "name the channel that gives the frequency of the peak, as it is called in the profile":
    "请写给出峰值频率的通道，用型号文件里的名称",
  "say which channels: quantity, channel, domain, point, group, device, profile, link or gas":
    "请写明用于哪些通道：quantity、channel、domain、point、group、device、profile、link 或 gas",

  // Which condition.
  "a rule has exactly one condition: {1}": "一条规则有且只有一个条件：{1}",
  "across belongs to {1}; votes have their own": "across 用于 {1}；votes 有自己的 across",
  "give channel or quantity, one of them": "channel 和 quantity 须且只能写一个",
  "give when or value, one of them": "when 和 value 须且只能写一个",
  "give above or below, one of them": "above 和 below 须且只能写一个",
  "give above, below or equals, one of them": "above、below、equals 须且只能写一个",
  "give atLeast, atMost or is, one of them": "atLeast、atMost、is 须且只能写一个",
  "with input give atLeast, atMost or is, one of them": "写了 input 时，atLeast、atMost、is 须且只能写一个",
  "atLeast, atMost and is belong to input": "atLeast、atMost、is 只用于 input",
  "give state or atLeast, one of them": "state 和 atLeast 须且只能写一个",
  "give value or learn, one of them": "value 和 learn 须且只能写一个",
  "give baseline, neighbour or median, one of them": "baseline、neighbour、median 须且只能写一个",
  "give building or pipe, one of them": "building 和 pipe 须且只能写一个",
  "give channel or rule, one of them": "channel 和 rule 须且只能写一个",
  "give class, boundaries or both": "请写 class、boundaries，或两者都写",
  "give low, high or both": "请写 low、high，或两者都写",
  "give at least one of blue, yellow, orange, red": "blue、yellow、orange、red 至少写一个",
  "give at least one of {1}": "至少写其中一个：{1}",
  "with value give above or below, one of them; when has neither":
    "写 value 时，above 和 below 须且只能写一个；写 when 时都不写",
  "give the limits anew, or a factor, or a shift: one of them":
    "请重写限值，或写 factor，或写 shift，只能取其一",
  "say when it applies: during, except or given": "请写明何时适用：during、except 或 given",
  "say which channel a limit or state is of, by channel or quantity, and only there":
    "限值或状态须用 channel 或 quantity 写明属于哪个通道，别处不写",
  "a term says one thing: {1}": "一个子条件只写一项：{1}",
  "a term has no delays: give them to the rule": "子条件没有延时，请写在规则上",
  "terms nest deeper than {1} levels": "子条件嵌套超过 {1} 层",
  "make two rules of it": "请拆成两条规则",
  "channel and is go together": "channel 和 is 须同时写",
  "`since` belongs to `learn`": "since 只与 learn 同用",
  "`counts` belongs to the function count": "counts 只用于函数 count",
  "a pipe has no top floor": "管道没有顶层（top floor）",
  "give frequency for a foundation, and only there: all other guide values hold at any frequency":
    "frequency 只用于基础（foundation）且必须写；其他指导值与频率无关",
  "sta must be shorter than lta": "sta 须短于 lta",
  "a flood must end below where it begins": "报警泛滥的结束值须低于起始值",

  // Levels and limits.
  "{1} is reached before {2}: the levels stand the wrong way round": "先到 {1} 后到 {2}：等级写反了",
  "{1} is reached no later than {2}: the levels stand the wrong way round": "{1} 不晚于 {2} 达到：等级写反了",
  "{1} comes no later than the level before it: the levels stand the wrong way round":
    "{1} 不晚于前一级达到：等级写反了",
  "{1} holds whenever {2} does: {3} could never be seen, or the levels stand the wrong way round":
    "{2} 成立时 {1} 必然成立：{3} 永远显示不出来，或等级写反了",
  "from blue to red, each limit lies further from normal than the one before":
    "由蓝到红，每一级的限值须比前一级离正常值更远",
  "from blue to red, each level asks for more than the one before": "由蓝到红，每一级的要求须比前一级更高",
  "{1} has the limit of {2} and no longer on-delay: {3} could never be seen":
    "{1} 与 {2} 限值相同而延时不更长：{3} 永远显示不出来",
  "{1} has no longer on-delay than {2}: {3} could never be seen": "{1} 的延时不比 {2} 长：{3} 永远显示不出来",
  "{1} would clear before {2}: the deadband of {3} is too large": "{1} 会先于 {2} 恢复：{3} 的回差太大",
  "{1} would clear before {2}: its off is higher": "{1} 会先于 {2} 恢复：它的 off 更高",
  "make the deadband smaller than the distance between the levels": "回差须小于两级限值之差",
  "make the deadband smaller": "请减小回差",
  "low is not below high: every value is outside": "low 不低于 high：任何值都在范围之外",
  "exchange low and high": "请对调 low 和 high",
  "the deadband leaves nothing between low and high: it could never clear":
    "回差占满了 low 与 high 之间：永远不能恢复",
  "{1} (it measures {2} to {3})": "{1}（量程 {2} 至 {3}）",
  "the limit {1} is beyond the measuring range: it could never raise": "限值 {1} 超出量程：永远不会报警",
  "the limit {1} is below the measuring range: it could never raise": "限值 {1} 低于量程：永远不会报警",
  "the limit {1} is at or below all the instrument measures: it would always be active":
    "限值 {1} 不高于量程下限：会一直报警",
  "the limit {1} is at or above all the instrument measures: it would always be active":
    "限值 {1} 不低于量程上限：会一直报警",
  "it clears below {1}, which is never measured: it could never clear":
    "低于 {1} 才恢复，而仪表测不到：永远不能恢复",
  "it clears above {1}, which is never measured: it could never clear":
    "高于 {1} 才恢复，而仪表测不到：永远不能恢复",
  "the limits are in {1}, which does not fit {2} in {3}: {4}": "限值单位是 {1}，与 {2}（{3}）不符：{4}",
  "{1} cannot be converted to {2}": "{1} 不能换算为 {2}",
  "{1} measures {2}, {3} measures {4}": "{1} 是 {2} 的单位，{3} 是 {4} 的单位",
  "the rule converts {1}, the channel measures {2}": "规则按 {1} 换算，而通道测的是 {2}",
  "narrow `applies` to channels of that gas": "请用 applies 限定到该气体的通道",
  "neither the rule nor the channel names the gas": "规则和通道都没有写明是哪种气体",
  "give `conversion: { gas: … }`, or name the gas at the channel":
    "请写 conversion: { gas: … }，或在通道上写明气体",
  "converting {1} to or from {2} needs {3}": "{1} 与 {2} 换算须有 {3}",
  "state gas, basis, temperature and pressure beside the limit": "请在限值旁写明气体、依据、温度和气压",
  "{1} has other delays here than in another window": "{1} 在这里的延时与另一时段不同",
  "{1} has other delays here than in the rule's own limits: a level has one delay":
    "{1} 在这里的延时与规则本身不同：一级只有一个延时",
  "{1} has other delays for its rise than for its level": "{1} 的涨幅延时与水位延时不同",
  "a level has one delay": "一级只有一个延时",

  // Kinds of channels.
  "{1} is a state, not a number on a scale": "{1} 是状态量，不是数值",
  "use `equals: { red: active }`": "请用 equals: { red: active }",
  "{1} is a state: name the state that counts": "{1} 是状态量：请写明计数的状态",
  "{1} is a state and has no unit": "{1} 是状态量，没有单位",
  "{1} has no state named “{2}”": "{1} 没有名为“{2}”的状态",
  "{1} has no state with the code {2}: it could never raise": "{1} 没有代码为 {2} 的状态：永远不会报警",
  "write the code as a number": "请用数字写代码",
  "the code {1} is also {2}": "代码 {1} 也属于 {2}",
  "give each state one severity": "一个状态只能属于一级",
  "a rate of {1} is no change: limits are positive": "变化率 {1} 不算变化：限值须为正数",
  "`direction: fall` watches a fall": "监测下降请写 direction: fall",
  "a departure of {1} is none: limits are positive": "偏差 {1} 不算偏差：限值须为正数",
  "{1} in {2} cannot be compared with {3}": "{1}（{2}）不能与 {3} 比较",
  "give `largestStep`": "请写 largestStep",
  "{1} other channels to compare with; there must be {2} to {3}":
    "可比较的其他通道有 {1} 个，须为 {2} 至 {3} 个",
  "in {1} no reading comes that could be learnt from": "{1} 之内没有可供学习的读数",
  "{1} detectors vote; at most {2} can": "参与表决的探测器有 {1} 个，最多 {2} 个",
  "{1} votes of {2} detectors: it could never raise": "{2} 个探测器凑不出 {1} 票：永远不会报警",
  "{1} needs no more votes than the level before it: that could never be seen":
    "{1} 所需票数不比前一级多：永远显示不出来",
  "its calendars leave no time at all: it could never apply": "所写日历没有留下任何时间：永远不会适用",
  "“{1}” is no number: {2} has no levels": "“{1}”不是数字：{2} 没有等级",
  "{1} has no level “{2}”": "{1} 没有等级“{2}”",
  "whatever {1} says fits: it would always hold": "{1} 报什么都符合：会一直成立",
  "nothing that {1} can say fits: it would never hold": "{1} 报什么都不符合：永远不会成立",
  "it looks at no channel: calendars and the outside alone are no alarm":
    "它没有监测任何通道：只凭日历和外部信息不构成报警",
  "what follows looks at no channel: calendars and the outside alone are no alarm":
    "后一步没有监测任何通道：只凭日历和外部信息不构成报警",
  "a condition on several channels has no limits that could be replaced": "多通道条件没有可替换的限值",
  "a condition of terms has no deadband: each term has its own": "组合条件没有回差：每个子条件各有回差",
  "write it beside the limit: { channel: …, above: 57, deadband: 2 }":
    "请写在限值旁：{ channel: …, above: 57, deadband: 2 }",
  "the rule's own condition is {1}: other limits must be of the same kind":
    "规则本身的条件是 {1}：替换的限值须为同类",
  "{1} has no limits that could be moved": "{1} 没有可平移的限值",
  "what it asks of {1} never comes together: it could never hold":
    "对 {1} 的要求不可能同时满足：永远不会成立",
  "{1} always fits one of its terms: it would always hold": "{1} 总会符合其中一个子条件：会一直成立",
  "its point has no channel “{1}”": "所在监测点没有通道“{1}”",
  "its group has no channel “{1}”": "所在分组没有通道“{1}”",
  "its device has no channel {1}": "所在设备没有通道 {1}",
  "its point has {1} channels {2}": "所在监测点有 {1} 个通道 {2}",
  "its group has {1} channels {2}": "所在分组有 {1} 个通道 {2}",
  "its device has {1} channels {2}": "所在设备有 {1} 个通道 {2}",
  "its component has no channel “{1}”": "所在部件没有通道“{1}”",
  "narrow `applies` to where there is one, or name the channel by its key":
    "请用 applies 限定到有该通道的地方，或写通道全名",
  "name it by its key, such as gd-01.lel, or by its id in the point, device or group":
    "请写通道全名，如 gd-01.lel，或它在监测点、设备、分组内的 id",
  "name one by its key, such as gd-01.lel, or by its id in the point, device or group":
    "请写其中一个的全名，如 gd-01.lel，或它在监测点、设备、分组内的 id",
  "{1} channels fit; at most {2} can": "符合的通道有 {1} 个，最多 {2} 个",

  // Windows.
  "a window of {1} never holds {2} readings that come every {3}: it could never raise":
    "读数每 {3} 一个，{1} 的时段凑不满 {2} 个：永远不会报警",
  "a window of {1} holds {2} readings that come every {3}; there is room for {4}":
    "读数每 {3} 一个，{1} 的时段有 {2} 个，最多容纳 {4} 个",
  "a window of {1} holds {2} samples that come every {3}; there is room for {4}":
    "采样每 {3} 一个，{1} 的时段有 {2} 个，最多容纳 {4} 个",
  "make the window longer": "请加长时段",
  "make the window shorter or the period longer": "请缩短时段，或加长读数周期",
  "make the window longer or the step shorter": "请加长时段，或缩短步长",
  "the channel reports only changes and keeps its value between: {1}":
    "该通道只在变化时上报，其间数值保持不变：{1}",
  "use `above` or `below` with an on-delay": "请用 above 或 below 加延时",
  "it departs whenever the others move on": "其他通道一变，它就成了偏差",
  "nobody knows what was breathed in between": "其间吸入多少无从得知",
  "a rate over its readings would not fall when nothing changes any more":
    "不再变化时，按读数算出的变化率不会回落",
  "that it says nothing means that nothing has changed": "不上报就是没有变化",
  "its velocity is not known between them": "其间的速度无从得知",
  "a waveform has a sample every few milliseconds": "波形每隔几毫秒就有一个采样",
  "a {1} of its changes is not one over time": "按变化次数算的 {1} 不等于按时间算的",
  "in {1} there are fewer than {2} readings that come every {3}": "读数每 {3} 一个，{1} 之内不足 {2} 个",
  "it never holds the {1} velocities that a forecast needs: it could never raise":
    "凑不满推算所需的 {1} 个速度：永远不会报警",
  "a {1} of {2} depends on where its scale has its 0: state the limits in {3}":
    "{2} 的 {1} 取决于零点在哪里：限值请用 {3}",
  "{1} may be increments or a counter": "{1} 可能是增量，也可能是累计值",
  "say which: `of: increments` or `of: counter`": "请写明 of: increments（增量）或 of: counter（累计值）",
  "increments neither wrap nor step: this belongs to a counter": "增量既不回零也没有步长：这只用于累计值",
  "a wrap cannot be told from a reset without the largest plausible step":
    "不写最大合理步长，就分不清计满回零和复位",
  "an accumulation depends on where its scale has its 0": "累计量取决于零点在哪里",
  "{1} could never raise {2}: the limit over {3} is reached no later":
    "{1} 的时段永远报不出 {2}：{3} 的限值会更早或同时达到",
  "a longer window needs a higher limit": "时段越长，限值须越高",
  "the window of {1} is there twice": "{1} 的时段写了两次",

  // Vibration and slopes.
  "{1} is summed up by the instrument: there is no waveform left in it to trigger on":
    "{1} 已由仪表汇总，其中没有波形可供触发",
  "use `above`, `machineZones` or `buildingVibration` for it; STA/LTA wants the samples themselves":
    "请改用 above、machineZones 或 buildingVibration；STA/LTA 需要原始采样",
  "nobody has said how often a sample comes: STA/LTA wants at least 100 a second":
    "没有写明采样间隔：STA/LTA 要求每秒至少 100 个采样",
  "give the channel its period, for example `period: 10ms`": "请给通道写 period，例如 period: 10ms",
  "a sample every {1} is no waveform: STA/LTA wants at least 100 a second":
    "每 {1} 一个采样不是波形：STA/LTA 要求每秒至少 100 个采样",
  "use `window` or `rate` for slow channels": "慢变通道请用 window 或 rate",
  "make lta shorter": "请缩短 lta",
  "in {1} there are too few samples that come every {2}": "采样每 {2} 一个，{1} 之内太少",
  "make sta longer": "请加长 sta",
  "a ratio has no deadband: `off` says at which ratio it clears": "比值没有回差：恢复比值写在 off 里",
  "leave `deadband` out": "请去掉 deadband",
  "it clears at {1}, which is not below the {2} that it raises at": "恢复值 {1} 不低于报警值 {2}",
  "a ratio of {1} is never reached: sta is part of lta, so that {2} is the greatest there is":
    "比值 {1} 永远达不到：sta 含在 lta 之内，最大只有 {2}",
  "make lta longer or sta shorter": "请加长 lta 或缩短 sta",
  "the zones of ISO 10816-1 are those of a vibration velocity (rms); {1} is none":
    "ISO 10816-1 的分区用于振动速度（有效值），{1} 不是",
  "narrow `applies` to `quantity: vibration_velocity`": "请用 applies 限定到 quantity: vibration_velocity",
  "it has no boundary that raises": "没有会引起报警的分区界限",
  "give bc, cd or a class": "请写 bc、cd 或 class",
  "guide values of DIN 4150-3 are those of a peak velocity; {1} is none":
    "DIN 4150-3 的指导值用于峰值速度，{1} 不是",
  "narrow `applies` to `quantity: vibration_peak_velocity`":
    "请用 applies 限定到 quantity: vibration_peak_velocity",
  "{1} gives {2}, not a frequency": "{1} 给出的是 {2}，不是频率",
  "with a deadband of {1} mm/s it could never clear: the smallest limit is {2} mm/s":
    "回差 {1} mm/s 会使它永远不能恢复：最小限值是 {2} mm/s",
  "{1} mm/s is beyond the measuring range of {2} mm/s: it could never raise":
    "{1} mm/s 超出量程 {2} mm/s：永远不会报警",
  "the velocity of the uniform stage is not above the minimum velocity: it is noise":
    "匀速阶段的速度不高于最小速度：只是噪声",
  "an angle needs a uniform stage that stands out of the noise; watch velocity with `rate` until there is one":
    "切线角须有明显高于噪声的匀速阶段；在此之前请用 rate 监测速度",
  "an angle of {1}° is not between 45° and 90°: at 45° a slope moves as evenly as ever, and would stand in alarm for ever":
    "{1}° 不在 45° 与 90° 之间：45° 时坡体仍为匀速变形，会一直报警",
  "80° is orange and 85° red; yellow may lie between 45° and 80°":
    "80° 为橙色，85° 为红色，黄色可取 45° 至 80° 之间",
  "it clears only where nothing is computed any more": "要到不再计算时才会恢复",

  // Sequences, expressions, inhibitions.
  "this is what comes first: nothing follows it": "这就是先发生的一步：没有后一步",
  "it resets whenever {1} would be reached: that could never raise": "{1} 一达到就复位：永远不会报警",
  "{1} is read every {2}: within {3} it would be seen by chance only":
    "{1} 每 {2} 才读一次：{3} 之内只能碰巧看到",
  "a name has letters, digits and _ and begins with a small letter":
    "名称由字母、数字和 _ 组成，以小写字母开头",
  "this word belongs to the language; choose another": "这个词是表达式的保留字，请另取名称",
  "at most {1} names": "最多 {1} 个名称",
  "the name “{1}” stands for two things": "名称“{1}”代表了两样东西",
  "say in which unit the expression means {1}: { …, unit: {2} }":
    "请写明表达式中 {1} 用什么单位：{ …, unit: {2} }",
  "this is the expression of the level before: that could never be seen":
    "与前一级的表达式相同：永远显示不出来",
  "the expression does not read “{1}”": "表达式没有用到“{1}”",
  "it gives {1}, where true or false is wanted": "结果是 {1}，应为真或假",
  "it gives {1}, where a number is wanted": "结果是 {1}，应为数字",
  "{1} is not allowed here": "这里不能使用 {1}",
  "{1} is not allowed here; there are {2}": "这里不能使用 {1}，可用：{2}",
  "only a name has fields": "只有名称才有字段",
  "there is no field “{1}”": "没有字段“{1}”",
  "it ends too early": "表达式没有写完",
  "unknown variable: {1}": "没有这个名称：{1}",
  "it suppresses nothing: no alarm of this site fits": "它抑制不了任何报警：本站点没有符合的报警",
  "rule “{1}” has no such alarm": "规则“{1}”没有这个报警",
  "“{1}” of the whole site would be suppressed": "整个站点的“{1}”都会被抑制",
  "say where: applies, or same": "请写明范围：applies 或 same",
  "alarms would suppress each other in a circle: {1}": "报警会循环互相抑制：{1}",
  "an alarm that suppresses must not itself be suppressed by what it suppresses":
    "抑制别人的报警，不能又被对方抑制",
};
