/** What is said of profiles (型号文件): their schema, what does not fit together in them, and what looks like a slip. */
export const PROFILE_WORDS: Readonly<Record<string, string>> = {
  // Files.
  "the folder of profiles cannot be read: {1}": "型号文件目录无法读取：{1}",
  "the file cannot be read: {1}": "文件无法读取：{1}",
  "too large for a profile": "文件太大，不像是型号文件",
  "profile {1} is already defined in {2}": "型号文件 {1} 已在 {2} 中定义",
  "give yours another id and file name": "请给自己的型号文件另取 id 和文件名",
  "the file of profile {1} must be named {2}.yaml": "型号文件 {1} 的文件名须为 {2}.yaml",
  "the codec does not exist: {1}": "解码脚本不存在：{1}",
  "there is no option {1}": "没有“{1}”这个选项",

  // Channels and sections.
  "no section says how the channels come: {1}": "没有写明通道如何读取，须有其中一段：{1}",
  "{1} is a state: it has no range": "{1} 是状态量，没有量程",
  "the states of {1} are fixed: only mode and code name their own":
    "{1} 的状态名称是固定的：只有 mode 和 code 可自定",
  "{1} is a channel of the device already": "{1} 已是设备本身的通道",
  "the modbus section does not say where {1} is": "modbus 段没有写明 {1} 的寄存器",
  "there is no channel {1} under channels that asserts danger, or is supervisory":
    "channels 中没有表示险情或监管的通道 {1}",
  "there is no channel {1} of quantity code": "没有量为 code 的通道 {1}",
  "the address of components has {1} places; at most {2} can be looked through":
    "部件地址共有 {1} 个位置，最多查看 {2} 个",
  "leave it out, and give the other kind of quantity a channel of its own": "请去掉，另一种量请单设通道",
  "no message of the {1} section carries {2}": "{1} 段中没有消息带 {2}",
  "the gb26875 section does not say what {1} is taken from": "gb26875 段没有写明 {1} 取自哪里",
  "there is no channel {1} under channels": "channels 中没有通道 {1}",
  "nobody would hear of a fire that a component reports which the site does not list":
    "未登记的部件报火警时无人知晓",
  "give the device a channel such as unlisted_fire: { quantity: fire } with { unlisted: fire }":
    "请给设备加一个通道，如 unlisted_fire: { quantity: fire }，取 { unlisted: fire }",
  "the sl651 section does not say which element {1} is": "sl651 段没有写明 {1} 是哪个要素",
  "the hj212 section does not say which value {1} is": "hj212 段没有写明 {1} 是哪个因子",
  "the szy206 section does not say where {1} stands": "szy206 段没有写明 {1} 在报文中的位置",
  "the sparkplug section does not say which metric {1} is": "sparkplug 段没有写明 {1} 是哪个指标",
  "a text needs `states` that give each text a code": "文字值须有 states，给每个文字一个代码",
  "{1} has no state {2}": "{1} 没有状态 {2}",
  "the unit of analog {1} ({2}) is not known": "模拟量 {1}（{2}）的单位未知",
  "say what one step is: unit: mA, scale: 0.1": "请写明一个刻度是多少：unit: mA, scale: 0.1",
  "{1} has no explosive limit on basis {2}": "{1} 按 {2} 没有爆炸下限",
  "{1} is not a concentration of gas": "{1} 不是气体浓度",

  // Modbus.
  "say at least one unit": "至少写一个单位",
  "give either unit or unitFrom": "unit 和 unitFrom 只能写一个",
  "states have no unit": "状态量没有单位",
  "give one of: equals, except, bit, or from and to": "equals、except、bit，或 from 和 to，须取其一",
  "give either channel or register": "channel 和 register 须且只能写一个",
  "give either stride or bits": "stride 和 bits 须且只能写一个",
  "give either equals, or from and to": "写 equals，或写 from 和 to，只能取其一",
  "the address has no field {1}": "地址中没有 {1} 这一项",
  "components have no channel {1}": "部件没有通道 {1}",
  "there is no channel {1} here": "这里没有通道 {1}",
  "there is no output {1} here": "这里没有输出 {1}",
  "the raw number of the register": "请写寄存器的原始数值",
  "a coil is one bit: it has no `{1}`": "线圈只有一位，没有 {1}",
  "a discrete is one bit: it has no `{1}`": "离散输入只有一位，没有 {1}",
  "a {1} is one bit: it has no `{2}`": "{1} 只有一位，没有 {2}",
  "a coil is one bit, not {1}": "线圈只有一位，不是 {1}",
  "a {1} is one bit, not {2}": "{1} 只有一位，不是 {2}",
  "type {1} needs `{2}`": "类型 {1} 须写 {2}",
  "type {1} has no `{2}`": "类型 {1} 没有 {2}",
  "the word has bits 0 to {1}; for more, say in: u32": "该字只有 0 至 {1} 位；更多请写 in: u32",
  "reaches beyond the {1} bits of the word; for more, say in: u32": "超出该字的 {1} 位；更多请写 in: u32",
  "{1} has bits outside the mask: it can never be": "{1} 有掩码之外的位：不可能出现",
  "the registers of a text come in order: ABCD, or BADC when bytes are swapped":
    "文字的寄存器按顺序排列：ABCD，字节对调时为 BADC",
  "a coil has states, no scale": "线圈只有状态，没有系数",
  "FC {1} does not write a {2}": "功能码 {1} 不能写 {2}",
  "FC 6 writes one register, and {1} takes more": "功能码 6 只写一个寄存器，而 {1} 不止一个",
  "say which values may be written: range, or states": "请写明可写哪些值：range 或 states",
  "say which values may be written": "请写明可写哪些值",
  "say where it is read back, or none: a command is no state": "请写明从哪里回读，或写 none：命令不是状态",
  "give either states or range": "states 和 range 只能写一个",
  "nobody answers a broadcast: verify: none": "广播没有应答：请写 verify: none",
  "only coils need it: a register is a word": "只有线圈才需要：寄存器本身就是一个字",
  "a word goes to a coil by FC 5": "向线圈写字用功能码 5",
  "{1} {2} is outside the addresses 0 to {3}": "{1} {2} 不在地址 0 至 {3} 之内",
  "{1} is not a number of a {2}": "{1} 不是 {2} 的编号",
  "documents number them from {1} or {2}; as on the wire: numbering: pdu":
    "说明书从 {1} 或 {2} 起编号；按报文编号请写 numbering: pdu",
  "documents number them from {1}; as on the wire: numbering: pdu":
    "说明书从 {1} 起编号；按报文编号请写 numbering: pdu",
  "the profile has no components in its Modbus section": "型号文件的 modbus 段没有部件",
  "{1} {2}: the state does not end in its word": "{1} {2}：状态位超出所在的字",

  // What looks wrong and may be meant.
  "{1} stands in the same registers as {2}": "{1} 与 {2} 在相同的寄存器",
  "if that is meant, the site must exclude one of them; with unitFrom the wrong one falls silent by itself":
    "若本意如此，站点须排除其中一个；用 unitFrom 时不符的那个会自行无值",
  "{1} overlaps {2}": "{1} 与 {2} 的寄存器重叠",
  "one of the addresses, or of the types, is wrong": "其中一个地址或类型有误",
  "{1} begins at the odd address {2}, all other numbers of two registers at even ones":
    "{1} 从奇数地址 {2} 开始，其他双寄存器数值都从偶数地址开始",
  "{1} begins at the even address {2}, all other numbers of two registers at odd ones":
    "{1} 从偶数地址 {2} 开始，其他双寄存器数值都从奇数地址开始",
  "check it against the document": "请对照说明书核对",
  "the code {1} can never be read: {2} holds {3} to {4}": "特征码 {1} 读不到：{2} 的范围是 {3} 至 {4}",
  "as u16 it reads {1}; or the type is i16": "按 u16 读出的是 {1}；或类型应为 i16",
  "as i16 it reads {1}; or the type is u16": "按 i16 读出的是 {1}；或类型应为 u16",
  "codes are looked at before scaling, as the raw number": "特征码按换算前的原始数值比较",
  "{1} ranges to {2} {3}, and its register ends at {4}": "{1} 的量程到 {2} {3}，而寄存器只到 {4}",
  "check the type, the scale and the range: danger beyond the register would not be seen":
    "请核对类型、系数和量程：超出寄存器的险情看不到",
  "{1} ranges down to {2} {3}, and its register begins at {4}": "{1} 的量程低至 {2} {3}，而寄存器从 {4} 开始",
  "is the register signed?": "寄存器是否有符号？",
  "the state {1} of {2} can never be read: its place holds {3} to {4}":
    "{2} 的状态 {1} 读不到：该处范围是 {3} 至 {4}",
  "this can never hold: the place holds {1} to {2}": "这个条件不可能成立：该处范围是 {1} 至 {2}",
  'nothing says when {1} is no measurement: a zero in warm-up or fault would read as "no gas"':
    "没有写明 {1} 何时无效：预热或故障时的 0 会被当成“无气体”",
  "look for a register of states or faults (`status`), or for sentinels (`codes`)":
    "请查找状态或故障寄存器（status），或特征码（codes）",

  // Payloads, standards.
  "write a path such as battery, sensor.level or values[0].v":
    "请写路径，如 battery、sensor.level 或 values[0].v",
  "zone belongs to format local, and local needs it": "zone 只与 format: local 同用，且必须写",
  "give either reasons or bits": "reasons 和 bits 须且只能写一个",
  "samples at an interval are dated from the message's own time: give `time`, or all of them would be of the moment of arrival":
    "等间隔采样按消息自身时间推算：请写 time，否则全部算作到达时刻",
  "the whole payload says already which device it is from: give either `device` or `each.device`":
    "整条消息已写明来自哪台设备：device 和 each.device 只能写一个",
  "an interval is between samples of one device: it does not go with `each.device`":
    "interval 是同一台设备各采样的间隔，不能与 each.device 同用",
  "messages of one topic say in one way whose they are: all with the same `each.device`, or none":
    "同一主题的消息须用同一种方式写明属于谁：each.device 都相同，或都不写",
  "uplinks have no each.device: the network says who speaks": "上行报文没有 each.device：来源由网络给出",
  "a bit number from 0 to 31": "请写位号 0 至 31",
  "a code from 0 to 15": "请写代码 0 至 15",
  "a suffix is empty or begins with /": "后缀须为空或以 / 开头",
  "uplinks have no {1}: the network says who speaks and when": "上行报文没有 {1}：来源和时间由网络给出",
  "name a JavaScript file, such as codecs/vendor.js": "请写 JavaScript 文件名，如 codecs/vendor.js",
  "row belongs to column": "row 须与 column 同用",
  "a device has at least one metric": "设备至少有一个指标",
  "a logger reports at least one value": "数采仪至少上报一个因子",
  "a station reports at least one element": "测站至少上报一个要素",
  "a terminal reports at least one value": "终端至少上报一个值",
  "say in which reports {1} comes: data: minute, hour, day or a command number":
    "请写明 {1} 在哪种报文中：data: minute、hour、day 或命令编号",
  "write a factor's code, such as a21028 or 011": "请写因子编码，如 a21028 或 011",
  "write the letters behind the dash: Rtd, Avg, Min, Max, Cou": "请写横线后的字母：Rtd、Avg、Min、Max、Cou",
  "says something about a value and is none": "这是对数值的说明，不是数值",
  "a flag is one letter or digit": "标识为一个字母或数字",
  "{1} is {2} already": "{1} 已是 {2}",
  "{1} is no element: write its identifier (Z, PJ, VT), its guide as 39H, or FF21H for an extended one":
    "{1} 不是要素：请写标识符（Z、PJ、VT）、标识符引导符 39H，或扩展要素 FF21H",
  "{1} is {2}, not {3}": "{1} 是 {2}，不是 {3}",
  "PJ (20H) counts from 08:00 on, PT (26H) counts for ever, P1 (1AH) is the rain of one hour":
    "PJ（20H）从 08:00 起累计，PT（26H）一直累计，P1（1AH）是一小时雨量",
  "{1} is relative to the station's base level: it is a water_depth": "{1} 以测站基面为准：应为 water_depth",
  "derive the level in the site file, with the base as offset":
    "水位请在站点文件里用计算通道得出，基面作 offset",
  "{1} is a number: only HEX elements have bits": "{1} 是数值：只有 HEX 要素才有位",
  "the standard says how {1} is coded": "{1} 的编码由标准规定",
  'nobody says how values of code {1} stand: give layouts: { "{2}": [{ bytes: … }] }':
    '没有写明代码 {1} 的数据如何排列：请写 layouts: { "{2}": [{ bytes: … }] }',
  "give exactly one of {1}": "须且只能写其中一个：{1}",
  "{1} is no channel of systems or components": "{1} 不是系统或部件的通道",
  "{1} is no channel of components": "{1} 不是部件的通道",
};
