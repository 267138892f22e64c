/** What drivers say of links and of devices' entries. */
export const DRIVER_WORDS: Readonly<Record<string, string>> = {
  // MQTT.
  "a topic to publish to has no + and no #": "发布的主题不能有 + 和 #",
  "# stands alone, in the last level only": "# 只能单独用在最后一级",
  "+ stands alone in its level": "+ 须单独占一级",
  "a topic has at least one character": "主题不能为空",
  "a topic has no NUL character": "主题不能有 NUL 字符",
  "a topic has at most {1} bytes": "主题最多 {1} 字节",
  "a topic that begins with $ belongs to the broker": "以 $ 开头的主题属于消息服务器",
  "topics under {1}/ belong to the gateway": "{1}/ 下的主题属于网关",
  "the first level is a name: a wildcard there reaches everybody's topics":
    "第一级须为名称：写通配符会收到所有人的主题",
  "nothing can follow # in a topic": "主题中 # 之后不能再有内容",
  "extra topics begin with a name other than {1}": "附加主题须以 {1} 以外的名称开头",
  "this is no password hash: make one with `tocsin hash-password`":
    "这不是口令散列：请用 tocsin hash-password 生成",
  "name the devices this user speaks for": "请写明这个用户代表哪些设备",
  "only users of role device have devices or topics": "只有角色为 device 的用户才有 devices 和 topics",
  "write mqtt://host:port or mqtts://host:port": "请写 mqtt://主机:端口 或 mqtts://主机:端口",
  "user and password do not belong in the address": "地址里不要带用户名和口令",
  "nothing follows the port": "端口之后不能再有内容",
  "an id within a topic has no +, # or /": "主题中的 id 不能有 +、# 和 /",
  "{1} is no channel of this message": "{1} 不是这条消息的通道",
  "{1} payloads have no {2}": "{1} 格式的消息没有 {2}",
  "that is the broker's own": "这是消息服务器自己的主题",
  "give either url or broker": "url 和 broker 须且只能写一个",
  "users belongs to broker, the site's own": "users 只与 broker（本站点内置消息服务器）同用",
  "{1} belongs to url, a broker elsewhere": "{1} 只与 url（别处的消息服务器）同用",
  "server plain needs topics": "server 为 plain 时须写 topics",
  "only server plain has fields": "只有 server 为 plain 时才有 fields",
  "write the 16 hexadecimal digits of the DevEUI": "请写 16 位十六进制的 DevEUI",
  "an id has at least one character": "id 不能为空",
  "an id has no +, # or /": "id 不能有 +、# 和 /",

  // Modbus.
  "give exactly one of text, hex and imei": "text、hex、imei 须且只能写一个",
  "give either text or hex": "text 和 hex 须且只能写一个",
  "write bytes in hexadecimal, for example AA 55 01": "请用十六进制写字节，例如 AA 55 01",
  "too long": "太长",
  "an IMEI has 15 digits": "IMEI 为 15 位数字",
  "say at least one modem": "至少写一个 DTU（modem）",
  '"{1}" registers with the same packet: they could not be told apart': "“{1}”的注册包相同：两者无法区分",
  "the output {1} is a broadcast: Modbus TCP has none": "输出 {1} 是广播：Modbus TCP 没有广播",
  "it measures only when it is told to: the output {1} must be allowed": "它受命才测量：须允许写输出 {1}",
  "writes: { allow: [{1}] }": "请写 writes: { allow: [{1}] }",
  'the link has no modem "{1}"': "该链路没有 DTU“{1}”",
  "modems: {1}": "DTU：{1}",
  'the address of its components has no field "{1}"': "部件地址中没有“{1}”这一项",
  "fields: {1}": "可用的项：{1}",
  "{1} goes from {2} to {3}, not to {4}": "{1} 的范围是 {2} 至 {3}，到不了 {4}",

  // Devices that dial in or push.
  "write the device's identity (MN) as it stands in its settings": "请照仪表里的设置填写设备唯一标识（MN）",
  'write the ten digits of the station\'s address, "0012345678", or 500237-17':
    '请写测站的十位地址，如 "0012345678"，或 500237-17',
  'write the ten hex digits of the terminal\'s address as on the wire, "5303810D00"':
    '请按报文写终端地址的十位十六进制数，如 "5303810D00"',
  "the token stands in a header or in the address, not in both": "令牌写在请求头或地址里，不能两处都写",
  "what is not signed can be exchanged: timestamp, nonce and body must be among it":
    "未签名的部分可被篡改：须包含 timestamp、nonce 和 body",
  "give either token or hmac": "token 和 hmac 只能写一个",
  "only platform onenet has it": "只有 platform 为 onenet 时才有",
  "the path names the device already": "路径里已写明设备",
  "nothing says which device a message is from: give envelope.device, or {1} in the path":
    "看不出消息来自哪台设备：请写 envelope.device，或在路径里写 {1}",
  "name at least one source": "至少写一个来源",
  'source "{1}" has this path already': "来源“{1}”已用这个路径",
  "write the name of a header, such as X-Token": "请写请求头的名称，如 X-Token",
  "write a path such as /push/alarms, or /push/{1}": "请写路径，如 /push/alarms 或 /push/{1}",
  'the link has no source "{1}"': "该链路没有来源“{1}”",
  "entries of several devices in one request are told apart by the source, not by the profile":
    "一次请求里多台设备的数据由来源（source）区分，不由型号文件区分",
  "give the source `envelope: { messages, device }`, and the profile no `each.device`":
    "请给来源写 envelope: { messages, device }，型号文件不写 each.device",
  "sources of the link: {1}": "该链路的来源：{1}",

  // GB/T 26875.3.
  "zone and point belong together": "zone（回路）和 point（点位）须同时写",
  "give either zone and point, or raw": "写 zone 和 point，或写 raw，只能取其一",
  "give zone and point (or raw) of a component; or system alone for a whole system":
    "部件请写 zone 和 point（或 raw）；整个系统只写 system",
  "a whole system has no component type": "整个系统没有部件类型",
};
