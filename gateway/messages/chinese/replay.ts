/** What is said of recorded data: tables, mappings, labels, rule tests. */
export const REPLAY_WORDS: Readonly<Record<string, string>> = {
  'labels need a column "start"': "标注表须有 start 列",
  'unknown column "{1}"': "没有“{1}”这个列名",
  "there is not one label": "一条标注也没有",
  '"{1}" is no time': "“{1}”不是时间",
  "it ends before it starts": "结束早于开始",
  'the site has no point "{1}"': "站点没有监测点“{1}”",
  'the site has no channel "{1}"': "站点没有通道“{1}”",
  "`start` belongs to format `seconds`, and to that alone": "start 只与 format: seconds 同用，且必须写",
  "a mapping has either `channels` (a column a channel) or `long` (a row a reading)":
    "映射写 channels（一列一个通道）或 long（一行一个读数），只能取其一",
  "{1} holds no journal": "{1} 中没有存盘数据",
  "{1}: no rule tests there": "{1}：没有规则测试",
  "put YAML files with tests into `rule-tests/` beside the site file, or name them with --tests":
    "请把测试的 YAML 文件放到站点文件旁的 rule-tests/，或用 --tests 指明",
  "{1}:{2}: the quote is never closed": "{1}:{2}：引号没有配对",
  'a quote inside quotes is written twice: ""': '引号内的引号要写两个：""',
  "{1}: the table cannot be read: {2}": "{1}：表格无法读取：{2}",
  "{1}: a line of more than 1 MiB": "{1}：有一行超过 1 MiB",
  "is this a CSV file?": "这是 CSV 文件吗？",
  "{1}: not {2} text, within the first {3} bytes": "{1}：前 {3} 字节内有不是 {2} 的文字",
  "say `encoding: gb18030` in the mapping for tables of Chinese Windows programs":
    "中文 Windows 程序存的表，请在映射里写 encoding: gb18030",
  "the times of the mapping: {1}": "映射中的时间：{1}",
  "{1}: more than {2} readings to be sorted by time": "{1}：要按时间排序的读数超过 {2} 个",
  "sort the table itself by time, and leave `order: by-time` out":
    "请先把表格按时间排好，并去掉 order: by-time",
  "{1}: none of its {2} rows is a reading{3}": "{1}：{2} 行中没有一个读数{3}",
  "see the mapping: columns, time, channels": "请核对映射：columns、time、channels",
};
