/** What commands say when they cannot do what they were asked for, and what keeps the gateway from starting. */
export const COMMAND_WORDS: Readonly<Record<string, string>> = {
  // The command line itself, in the words of its parser.
  "error: unknown command '{1}'": "没有命令“{1}”",
  "error: unknown option '{1}'": "没有选项“{1}”",
  "error: missing required argument '{1}'": "缺少参数 {1}",
  "error: required option '{1}' not specified": "缺少选项 {1}",
  "error: option '{1}' argument missing": "选项 {1} 缺少取值",
  "error: option '{1}' argument '{2}' is invalid. {3}": "选项 {1} 不能取“{2}”",
  "error: command-argument value '{1}' is invalid for argument '{2}'. {3}": "参数 {2} 不能取“{1}”",
  "error: too many arguments{1}": "参数太多",

  // Hints that name what there is.
  'did you mean "{1}"?': "是否为“{1}”？",
  "one of: {1}": "可选：{1}",
  "one of {1}": "可选：{1}",
  "for example: {1}": "例如：{1}",
  "for example {1}": "例如 {1}",
  "such as {1}": "例如 {1}",
  "links: {1}": "链路：{1}",
  "devices: {1}": "设备：{1}",
  "channels: {1}": "通道：{1}",
  "commands: {1}": "命令：{1}",
  "requests: {1}": "请求：{1}",
  "users: {1}": "用户：{1}",
  "outputs: {1}": "输出：{1}",
  "kinds: {1}": "种类：{1}",
  "tocsin check {1}": "用 tocsin check {1} 查看全部问题",
  "give one of them": "只写其中一个",

  // Starting, and what is held by somebody else.
  "another gateway uses {1} (process {2})": "另有网关正在使用 {1}（进程 {2}）",
  "another gateway uses {1}": "另有网关正在使用 {1}",
  "stop that one first, or give this one a data folder of its own":
    "请先停掉那一个，或给这一个单独的数据目录",
  "http: port {1} on {2} is taken": "http：{2} 的端口 {1} 已被占用",
  "http: cannot listen on {1}": "http：无法监听 {1}",
  "another program (another gateway?) listens there; stop it, or change `http.listen` in the site file":
    "有别的程序（或另一个网关）在监听；请停掉它，或改站点文件的 http.listen",
  "is this address one of this machine's? Ports below 1024 need a privilege":
    "这是本机的地址吗？1024 以下的端口需要权限",
  "{1} is taken by another program": "{1} 已被别的程序占用",
  "cannot listen on {1}:{2}: {3}": "无法监听 {1}:{2}：{3}",
  "ports below 1024 need a privilege": "1024 以下的端口需要权限",
  "is this an address of this machine?": "这是本机的地址吗？",
  "another MQTT broker? stop it, or give the link another port: listen: 127.0.0.1:1884":
    "是否已有别的 MQTT 服务器？请停掉它，或给链路换端口：listen: 127.0.0.1:1884",
  "another centre on this machine? stop it, or give the link another port, and the devices with it":
    "本机是否已有别的接收中心？请停掉它，或给链路换端口，设备也一并改",
  "cannot read {1}: {2}": "无法读取 {1}：{2}",
  "{1}: cannot read {2}: {3}": "{1}：无法读取 {2}：{3}",
  "cannot write {1}: {2}": "无法写入 {1}：{2}",
  "free space, or lower the journal's retention; writing goes on by itself":
    "请腾出空间，或缩短存盘保留期；之后会自动继续写入",
  "look at the disk and at the permissions of the data folder; writing goes on by itself once they are mended":
    "请检查磁盘和数据目录的权限；修复后会自动继续写入",

  // The running gateway.
  "no gateway of site {1} answers over HTTP": "站点 {1} 没有网关应答 HTTP",
  "no gateway of site {1} answers at {2}": "站点 {1} 没有网关在 {2} 应答",
  "is it running, and is its HTTP interface enabled?": "网关是否在运行，HTTP 接口是否启用？",
  "is it running? `tocsin run` starts it": "网关是否在运行？用 tocsin run 启动",
  "devices dial the gateway: it must be running, with its HTTP interface enabled":
    "设备要拨入网关：网关须在运行，并启用 HTTP 接口",
  "the site has no HTTP interface to ask": "站点没有可供查询的 HTTP 接口",
  "switch it on with http: { enabled: true, listen: 127.0.0.1:8080 }":
    "请启用：http: { enabled: true, listen: 127.0.0.1:8080 }",
  "the running gateway at {1} did not answer: {2}": "{1} 上运行的网关没有应答：{2}",
  "the answer of {1} is not that of a gateway": "{1} 的应答不是网关的应答",
  "is it another version than this command's?": "它与本命令是否版本不同？",
  "the gateway at {1} answered {2}": "{1} 上的网关应答了 {2}",
  "no gateway of this site is running": "本站点没有网关在运行",
  "then give the link itself: --link": "请直接写链路：--link",
  "a gateway is running here, but does not answer on its HTTP address":
    "本机有网关在运行，但它的 HTTP 地址没有应答",
  "switch on `http` in the site file, or stop the gateway first: two masters disturb each other on a bus":
    "请在站点文件里启用 http，或先停掉网关：一条总线上有两个主站会互相干扰",
  "a token is needed": "须有令牌",
  "--user {1}: http.users does not name them": "--user {1}：http.users 中没有这个用户",
  "users are declared under http.users": "用户写在 http.users 里",
  "there is no command {1}": "没有命令 {1}",
  "{1}: not a field": "{1}：不是 名称=值",
  "write fields as name=value: occurrence=12 note=巡查中": "请写 名称=值：occurrence=12 note=巡查中",
  "{1} knows no request {2}": "{1} 没有请求 {2}",
  "devices on such a link can be asked nothing": "这类链路上的设备不接受请求",

  // Devices, links, routes.
  'no device is called "{1}" in this site': "本站点没有名为“{1}”的设备",
  "the site has no devices": "站点没有设备",
  'no link is called "{1}" in this site': "本站点没有名为“{1}”的链路",
  'no route is called "{1}"': "没有名为“{1}”的告警通道",
  "the site has no routes": "站点没有告警通道",
  "{1} speaks by itself, and no gateway is running that would hear it": "{1} 自行上报，而没有网关在运行接收",
  "start the gateway (tocsin run), then ask again": "请启动网关（tocsin run）后再读",
  "the device has said nothing since the gateway started": "网关启动以来设备没有上报过",
  "the station has said nothing since the gateway started": "网关启动以来测站没有上报过",
  "{1}: no connection within {2} ms": "{1}：{2} 毫秒内连不上",
  "{1} refuses the connection": "{1} 拒绝连接",
  "is the device on, and is this its Modbus port?": "设备是否通电，这是它的 Modbus 端口吗？",
  "{1} cannot be reached: {2}": "{1} 连不上：{2}",
  "{1} cannot be opened: {2}": "{1} 打不开：{2}",
  "does the port exist, is it free, and may this user open it (group dialout)?":
    "串口是否存在、空闲，当前用户是否有权打开（dialout 组）？",
  "{1}: the modem has not dialled in": "{1}：DTU 没有拨入",
  "look at its power, its SIM card, and the server address and registration packet in its settings":
    "请检查它的供电、SIM 卡，以及设置中的服务器地址和注册包",
  "link {1} is in service: every address where nobody is costs its devices a time-out":
    "链路 {1} 正在使用：每个无人应答的地址都会让设备多等一次超时",
  "ask few addresses (--units 1..20), and say --yes if that is meant":
    "请少扫一些地址（--units 1..20），确认要扫时加 --yes",

  // Folders, periods, files.
  "{1} holds no alarm log": "{1} 中没有报警日志",
  "nothing has been recorded there yet, or --data names another folder":
    "那里还没有记录，或 --data 指的是别的目录",
  "the alarm log in {1} cannot be read: {2}": "{1} 中的报警日志无法读取：{2}",
  "the gateway sets a damaged log aside and keeps what can be read when it starts":
    "网关启动时会移开损坏的日志，保留可读部分",
  "a log of an earlier version gets its chain when the gateway is next started; a damaged one is set aside then, with everything readable kept":
    "旧版本的日志在网关下次启动时补上校验链；损坏的会移开，可读部分保留",
  "the journal in {1} cannot be read: {2}": "{1} 中的存盘数据无法读取：{2}",
  "{1} cannot be read: {2}": "{1} 无法读取：{2}",
  "the gateway sets damaged files aside and repairs what it can when it starts":
    "网关启动时会移开损坏的文件，能修复的自动修复",
  "--digest {1}: it holds something that is no digest": "--digest {1}：其中有不是摘要的内容",
  "--digest {1}: {2}": "--digest {1}：{2}",
  "one message of the topic audit/<date> a line, or an array of them":
    "每行一条 audit/<日期> 主题的消息，或它们的数组",
  "--channel {1}: nothing was recorded of it": "--channel {1}：没有它的记录",
  "the journal holds no channel": "存盘数据中没有通道",
  "--quality {1}: not a quality": "--quality {1}：不是数据质量",
  "--{1} {2}: not a time": "--{1} {2}：不是时间",
  '{1}, "{2}", {3}, or 2h for two hours ago': '{1}、"{2}"、{3}，或 2h（两小时前）',
  "--wait {1}: not a duration": "--wait {1}：不是时长",
  "--warm-up {1}: not a duration": "--warm-up {1}：不是时长",
  "--last {1}: not a span": "--last {1}：不是时长",
  "--last and --from say the same": "--last 和 --from 说的是同一件事",
  "the period is empty, or longer than ten years": "时段是空的，或超过十年",
  "--from must be before --to": "--from 须早于 --to",
  "--language {1}: not a language of ours": "--language {1}：没有这种语言",
  "--mode {1}: not a mode": "--mode {1}：没有这种模式",
  "--mapping is for tables; the journal needs none": "--mapping 用于表格；存盘数据不需要",
  "{1}: a table needs --mapping": "{1}：表格须用 --mapping 指明各列",
  "only what `tocsin export` wrote says by itself what its columns are; see docs/backtest.md":
    "只有 tocsin export 导出的表自带列说明；见 docs/backtest.md",
  "there is not one test in these files": "这些文件里一个测试也没有",
  "a password has {1} to {2} characters": "口令须为 {1} 至 {2} 个字符",
  "for a device, let the machine choose: openssl rand -base64 18":
    "设备的口令可由机器生成：openssl rand -base64 18",
  "the two passwords differ": "两次输入的口令不同",
  "no password was given": "没有输入口令",
  "named at {1}; tocsin profile check says more": "见 {1}；用 tocsin profile check 查看详情",
  "{1} {2}: not a number from {3} to {4}": "{1} {2}：不是 {3} 至 {4} 之间的数",

  // Profiles on the bench, and made of a sheet.
  "profile {1} has no section modbus": "型号文件 {1} 没有 modbus 段",
  "only what can be asked can be tried; devices that speak by themselves are heard by a gateway that runs":
    "只有可召测的设备才能试读；自行上报的设备由运行中的网关接收",
  "--allow {1}: the profile has no such output": "--allow {1}：型号文件没有这个输出",
  "--component {1}: profile {2} has no components": "--component {1}：型号文件 {2} 没有部件",
  "--component {1}: {2}": "--component {1}：{2}",
  "--unit {1}: {2}": "--unit {1}：{2}",
  "--link {1}: its units cannot be asked one by one": "--link {1}：其从站不能逐个询问",
  "--link {1}: {2}": "--link {1}：{2}",
  "{1} is there already": "{1} 已存在",
  "another --out, or --force to write over it": "请换 --out，或用 --force 覆盖",
  "the heading stands there, and no row below it": "只有表头，下面没有数据行",
  "{1} {2}: say one of {3}": "{1} {2}：只能是 {3} 之一",
  'no id can be made of "{1}"': "“{1}”不能变成 id",
  "--id my-detector": "请写 --id，如 --id my-detector",
  "--map {1}: the sheet has no such column": "--map {1}：点表中没有这一列",
  "--map {1}: say heading=kind": "--map {1}：请写 表头=种类",
  "{1}: more than {2} rows: that is no register sheet": "{1}：超过 {2} 行：这不是点表",
  "{1}: more than {2} MB: that is no register sheet": "{1}：超过 {2} MB：这不是点表",
  "{1}: no column is recognised as the address": "{1}：没有一列能认作地址",
  "is the separator right? --separator ';', or tab": "分隔符对吗？--separator ';'，或 tab",
  'its first row is: {1}. Name the columns: --map "{2}=address" "{3}=name"':
    '第一行是：{1}。请指明各列：--map "{2}=address" "{3}=name"',
  "{1}: the sheet cannot be read: {2}": "{1}：点表无法读取：{2}",
  "{1} is a workbook, not CSV": "{1} 是工作簿，不是 CSV",
  "save the sheet as CSV (UTF-8), or as text with tabs": "请另存为 CSV（UTF-8），或制表符分隔的文本",
};
