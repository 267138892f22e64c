/** What the schemas of the site file say of options that all kinds of things have. */
export const OPTION_WORDS: Readonly<Record<string, string>> = {
  // Building blocks.
  "an id has 1 to 64 of a-z, 0-9, _ and -": "id 由 1 至 64 个小写字母、数字、_ 和 - 组成",
  "not a duration; write for example 500ms, 30s, 5m, 1h30m or 2d":
    "不是时长；请写成 500ms、30s、5m、1h30m 或 2d 这样",
  "not a duration": "不是时长",
  "not an instant": "不是时刻",
  "must be at least {1} and at most {2}": "须在 {1} 至 {2} 之间",
  "must be at least {1}": "不能小于 {1}",
  "must be at most {1}": "不能大于 {1}",
  "write a size such as 512MB or 8GiB": "请写大小，如 512MB 或 8GiB",
  "write address:port, for example 127.0.0.1:1883 or [::]:8883":
    "请写 地址:端口，例如 127.0.0.1:1883 或 [::]:8883",
  "low must be below high": "low 须小于 high",
  "low must not be above high": "low 不能大于 high",
  "min must not be above max": "min 不能大于 max",
  "from must not be above to": "from 不能大于 to",
  "first must not be longer than longest": "first 不能长于 longest",
  "username and password go together": "username 和 password 须同时写",
  "name a secret as env:NAME or file:PATH": "密钥请写成 env:变量名 或 file:路径",
  "name a secret: env:NAME or file:PATH": "密钥请写成 env:变量名 或 file:路径",
  "write env:NAME or file:PATH, never the secret itself": "请写 env:变量名 或 file:路径，不要写密钥本身",
  "write an offset such as +08:00": "请写时差，如 +08:00",
  "write an offset such as +08:00, or a zone such as Europe/Berlin":
    "请写时差，如 +08:00，或时区名，如 Asia/Shanghai",
  "write an address or a network, such as 10.20.0.0/16": "请写地址或网段，如 10.20.0.0/16",
  "write http://HOST:PORT or https://HOST:PORT": "请写 http://主机:端口 或 https://主机:端口",
  "write http://… or https://…": "请写 http://… 或 https://…",
  "no user name or password in the address; give them as options of their own":
    "地址里不要带用户名和口令，请写在各自的选项里",

  // What zod itself says, where nobody has said it better.
  "invalid key in record": "键名无效",
  "invalid input": "写法无效",
  "invalid input: expected {1}, received undefined": "缺少该项（应为 {1}）",
  "invalid input: expected {1}, received {2}": "应为 {1}，而不是 {2}",
  "invalid input: expected {1}": "应为 {1}",
  "invalid option: expected one of {1}": "只能是 {1} 之一",
  "invalid string: must match pattern {1}": "写法须符合 {1}",
  "invalid number: must be a multiple of {1}": "须为 {1} 的整数倍",
  "invalid URL": "不是网址",
  "too small: expected {1} to be {2}": "太小（须 {2}）",
  "too small: expected {1} to have {2}": "太短或太少（须 {2}）",
  "too big: expected {1} to be {2}": "太大（须 {2}）",
  "too big: expected {1} to have {2}": "太长或太多（须 {2}）",

  // Places, calendars, devices.
  "not a time zone; write an IANA name": "不是时区；请写 IANA 名称，如 Asia/Shanghai",
  "longitude and latitude go together": "经度和纬度须同时写",
  "write month and day, such as 05-01": "请写月和日，如 05-01",
  "write a date such as 2026-10-01": "请写日期，如 2026-10-01",
  "write hours such as 08:00-12:00": "请写时段，如 08:00-12:00",
  "it ends before it begins": "结束早于开始",
  "say when: yearly, weekdays, dates or hours": "请写明时间：yearly、weekdays、dates 或 hours",
  "the input must grow from point to point": "输入值须逐点增大",
  "give exactly one of linear, resultant and curve": "linear、resultant、curve 须且只能写一个",
  "a parameter has a need or a default": "参数须有 need 或 default 之一",
  "a default says where it comes from": "默认值须注明出处",

  // How people are told, and who may come in.
  "not a cron pattern that ever comes; write for example 0 9 * * 1":
    "不是会到来的定时写法；例如 0 9 * * 1（每周一 9 点）",
  "name each language once": "每种语言只写一次",
  "a topic prefix has no wildcard, no space, and begins with a name":
    "主题前缀不能有通配符和空格，且须以名称开头",
  "a topic prefix does not end with /": "主题前缀不能以 / 结尾",
  "listening beyond this machine requires `token` or `users`": "对本机以外开放时须有 token 或 users",
  "{1} can be reached from outside: list the users who may connect": "{1} 对外开放：请列出可以连接的用户",
  '{1} can be reached from outside: give source "{2}" a token or hmac':
    "{1} 对外开放：请给来源“{2}”设 token 或 hmac",
  "{1} can be reached from outside: say who may come": "{1} 对外开放：请写明谁可接入",
  "{1}, with password or from": "{1}（password 或 from）",
  "{1}, with from or anybody": "{1}（from 或 anybody）",
  "{1}, with from": "{1}（from）",
  "{1}, with peers": "{1}（peers）",
  "times stand in JSON: say where the value stands in it": "时间写在 JSON 里：请写明值在其中的位置",
  "say how it comes: mqtt, http or both": "请写明来源：mqtt、http，或两者",
  "levels have neither unit nor range": "分等级的信息没有单位和范围",
  "the topic begins with a name other than {1}": "主题须以 {1} 以外的名称开头",
  "scope Private needs addresses (CAP 1.2)": "scope 为 Private 时须写 addresses（CAP 1.2）",
  "no spaces, commas, < or &": "不能有空格、逗号、< 和 &",
  "14 digits: 6 division, 3 department, 3 unit, 2 extension":
    "须为 14 位数字：行政区划 6 位、部门 3 位、单位 3 位、扩展 2 位",
  "an address has no spaces": "地址不能有空格",
  "write device.channel": "请写 设备.通道",
  "a sounder or a beacon, or both": "请写 sounder（声）或 beacon（光），或两者都写",
  "inverted wiring needs a pulse for each, or it could never fail loud":
    "反接（inverted）时每一路都须有 pulse，否则失电时不能发声",
  "must be at least twice `every`, or one slow write would interrupt it":
    "至少为 every 的两倍，否则一次写得慢就会中断",
  "the gateway writes this header itself": "这个请求头由网关自己填写",
  "a header's name has letters, digits and -": "请求头名称由字母、数字和 - 组成",
  "a header's value is plain ASCII": "请求头的值只能是 ASCII 字符",
};
