import { Argument, Command, CommanderError, Option } from "commander";
import { asTocsinError } from "../../model/error.ts";
import { chineseOf } from "../messages/chinese.ts";
import { VERSION } from "../version.ts";
import type { AskOptions } from "./ask.ts";
import type { AuditCommandOptions } from "./audit.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit.ts";
import type { ExportOptions } from "./export.ts";
import type { GiveOptions } from "./give.ts";
import { errorJson, hasColour, printJson, renderError } from "./output.ts";
import type { NewOptions } from "./profile/new.ts";
import type { TryOptions } from "./profile/try.ts";
import type { ReplayCommandOptions } from "./replay.ts";
import type { ReportOptions } from "./report.ts";
import type { RunOptions } from "./run.ts";
import type { ScanOptions } from "./scan.ts";
import type { TestRulesOptions } from "./test-rules.ts";

/*
 * The command line. Each command is loaded only when it is called: `check` needs no protocol library, `run` needs no
 * documentation. Exit codes: exit.ts.
 */

const EXIT_CODES = `
Exit codes 退出码:
  ${EXIT.ok}   done, nothing is wrong 成功
  ${EXIT.configuration}   the site file, a table or a profile has errors; or what was compared differs 配置有误，或结果不符
  ${EXIT.usage}   the command line is wrong 命令用法有误
  ${EXIT.unreachable}   a device or a peer cannot be reached 设备或对端不可达
  ${EXIT.host}   this machine: port taken, data folder in use, disk 本机问题
  ${EXIT.broken}   audit: the alarm log does not verify 报警日志校验不符
  ${EXIT.attention}   status: something of the gateway needs a look 网关有须处理的事项
  ${EXIT.internal}  a mistake of Tocsin 程序自身错误`;

const SITE = "site file, or a folder of them 站点文件或目录";

/** All commands. `finish` is told how each ended. */
function program(finish: (code: ExitCode) => void): Command {
  const tocsin = new Command("tocsin")
    .description("Tocsin 警钟: the alarm-grade edge gateway 告警级边缘网关")
    .version(VERSION, "-V, --version", "print the version 版本")
    .helpOption("-h, --help", "show help 帮助")
    .helpCommand("help [command]", "show help for a command 命令帮助")
    .addHelpText("after", EXIT_CODES)
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(`${text}  ${usageInChinese(text)}\n`) })
    .exitOverride();
  const command = (usage: string, description: string) => tocsin.command(usage).description(description);
  const data = (target: Command) =>
    target.option("--data <folder>", "data folder; comes before the site file's 数据目录");
  const json = (target: Command) => target.option("--json", "machine-readable output 输出 JSON", false);

  data(command("run", "run the gateway 运行网关").argument("<site>", SITE))
    .addOption(new Option("--log <form>", "how to speak 输出形式").choices(["table", "pretty", "json"]))
    .option("--no-simulate", "leave out the site's own simulated instruments 不启动模拟设备")
    .action(async (site: string, options: RunOptions) => {
      const { run } = await import("./run.ts");
      finish(await run(site, options));
    });

  json(
    command("check", "say everything that is wrong with a site 检查站点配置").argument("<site>", SITE),
  ).action(async (site: string, options: { json: boolean }) => {
    const { check } = await import("./check.ts");
    finish(check(site, options));
  });

  json(data(command("read", "show what a device says now 读取设备当前值").argument("<site>", SITE)))
    .argument("<device>", "id of the device (position tag) 设备位号")
    .option("--wait <duration>", "how long the device may take 最长等待", "15s")
    .action(async (site: string, device: string, options: { json: boolean; data?: string; wait: string }) => {
      const { read } = await import("./read.ts");
      finish(await read(site, device, options));
    });

  json(command("status", "how the running gateway is 运行状态").argument("<site>", SITE))
    .option("--all", "all devices, not only those with something to say 列出全部设备", false)
    .action(async (site: string, options: { json: boolean; all: boolean }) => {
      const { status } = await import("./status.ts");
      finish(await status(site, options));
    });

  json(command("simulate", "play instruments instead of hardware 运行模拟设备"))
    .argument("<scenario>", "scenario file 情景文件")
    .option("--speed <factor>", "seconds of the scenario in one second 快放倍数")
    .option("--seed <number>", "seed of all chance, instead of the scenario's 随机种子")
    .action(async (scenario: string, options: { json: boolean; speed?: string; seed?: string }) => {
      const { simulate } = await import("./simulate.ts");
      finish(await simulate(scenario, options));
    });

  data(command("export", "write the history as CSV 导出历史数据").argument("<site>", SITE))
    .option("--channel <key...>", "channels by key, * for anything 通道，可用 * 通配")
    .option("--from <time>", "beginning: an instant, a local date, or a span before now 起始时间")
    .option("--to <time>", "end, not included; the same forms 结束时间")
    .addOption(new Option("--quality <least>", "which readings 数据质量").choices(["good", "usable", "all"]))
    .option("--output <file>", "write to this file, not to standard output 输出文件")
    .action(async (site: string, options: ExportOptions) => {
      const { exportHistory } = await import("./export.ts");
      finish(await exportHistory(site, options));
    });

  json(data(command("audit", "verify the alarm log and show who did what 审计报警日志")))
    .argument("<site>", "site file or folder, or a data folder 站点文件、目录或数据目录")
    .option("--from <time>", "show what people did from then on 起始时间")
    .option("--to <time>", "end, not included 结束时间")
    .option("--digest <file...>", "daily digests as they arrived outside 站外保存的每日摘要")
    .action(async (site: string, options: AuditCommandOptions) => {
      const { audit } = await import("./audit.ts");
      finish(audit(site, options));
    });

  json(data(command("replay", "play recorded data through the rules 历史数据回放").argument("<site>", SITE)))
    .requiredOption("--from <source>", "a CSV file, or `journal` 数据来源：CSV 文件或 journal")
    .option("--mapping <file>", "what the columns of the CSV file are 列映射文件")
    .option("--since <time>", "report from here on: an instant, a local date, or a span before now 起始时间")
    .option("--until <time>", "end, not included; the same forms 结束时间")
    .option("--warm-up <duration>", "how much before `since` fills windows 预热时长", "1d")
    .option("--against <site>", "compare with the rules of another site file 与另一站点文件比较")
    .option("--labels <file>", "score against known events, a CSV file 与已知事件对照")
    .option("--html <file>", "write the report with plots as one page 输出带曲线的网页报告")
    .option("--events <file>", "write every event there, a line of JSON each 输出全部事件")
    .action(async (site: string, options: ReplayCommandOptions) => {
      const { replayHistory } = await import("./replay.ts");
      finish(replayHistory(site, options));
    });

  json(command("test-rules", "run the rule tests of a site or pack 运行规则测试").argument("<site>", SITE))
    .option("--tests <path>", "folder or file of tests; default: rule-tests beside the site 测试目录或文件")
    .action(async (site: string, options: TestRulesOptions) => {
      const { testRules } = await import("./test-rules.ts");
      finish(testRules(site, options));
    });

  json(command("command", "give the running gateway a command 下达命令").argument("<site>", SITE))
    .argument("<verb>", "such as acknowledge, shelve, close 命令")
    .argument("[field=value...]", "what the command needs: occurrence=12 note=… 参数")
    .option("--user <name>", "one of http.users 用户")
    .action(async (site: string, verb: string, fields: string[], options: GiveOptions) => {
      const { give } = await import("./give.ts");
      finish(await give(site, { verb, fields }, options));
    });

  json(
    command("ask", "ask a device that dials in, or have it do something 召测设备").argument("<site>", SITE),
  )
    .argument("<device>", "id of the device (position tag) 设备位号")
    .argument("[request]", "what; left out: list what there is 召测项目，省略则列出全部")
    .argument("[parameter=value...]", "what the request takes: minutes=10 参数")
    .option(
      "--wait <duration>",
      "how long the answer may take; the gateway gives up after 60 s 最长等待",
      "65s",
    )
    .option("--reason <words>", "why; required for what acts at the device 原因，对设备有动作时必填")
    .option("--user <name>", "one of http.users 用户")
    .action(
      async (
        site: string,
        device: string,
        request: string | undefined,
        parameters: string[],
        options: AskOptions,
      ) => {
        const { ask } = await import("./ask.ts");
        const what = request === undefined ? {} : { request };
        finish(await ask(site, { device, ...what, parameters }, options));
      },
    );

  json(data(command("report", "measure the alarms of a period 报警统计").argument("<site>", SITE)))
    .option("--last <span>", "this long up to the end; 30 days unless told 统计时长")
    .option("--from <time>", "beginning: an instant, a local date, or a span before now 起始时间")
    .option("--to <time>", "end, not included; now unless told 结束时间")
    .option("--csv", "comma-separated values 输出 CSV", false)
    .option("--html <file>", "write one self-contained page 输出网页文件")
    .option("--mode <mode>", "alarms of this mode; live unless told 报警模式")
    .addOption(new Option("--language <language>", "of the words 语言").choices(["zh", "en"]))
    .action(async (site: string, options: ReportOptions) => {
      const { report } = await import("./report.ts");
      finish(await report(site, options));
    });

  json(
    command("test-route", "send a marked trial message by one route 测试告警通道").argument("<site>", SITE),
  )
    .argument("<route>", "id of the route 通道")
    .action(async (site: string, route: string, options: { json: boolean }) => {
      const { testRoute } = await import("./test-route.ts");
      finish(await testRoute(site, route, options));
    });

  const profile = command("profile", "check, try and write device profiles 型号文件");
  json(profile.command("check").description("say what is wrong with profile files 检查型号文件"))
    .argument("<file...>", "profile files 型号文件")
    .action(async (files: string[], options: { json: boolean }) => {
      const { checkProfiles } = await import("./profile/check.ts");
      finish(await checkProfiles(files, options));
    });
  json(
    profile.command("try").description("read a device by a profile file, without a site 用型号文件试读设备"),
  )
    .argument("<file>", "profile file 型号文件")
    .requiredOption(
      "--link <link>",
      "how it is reached: tcp://host:port, rtu:/dev/ttyS1?baud=9600, rtu+tcp://host:port 链路",
    )
    .requiredOption("--unit <n>", "its unit id or slave address 从站地址")
    .option("--component <address...>", "a part of a panel, as loop=1,number=12 部件")
    .option("--allow <output...>", "outputs it may be told, where it measures only when told 允许写入的输出")
    .option("--watch", "again every second, until interrupted 每秒刷新", false)
    .action(async (file: string, options: TryOptions) => {
      const { tryProfile } = await import("./profile/try.ts");
      finish(await tryProfile(file, options));
    });

  json(profile.command("new").description("make a profile of a register sheet 由寄存器表生成型号文件"))
    .argument("<sheet>", "CSV of a vendor's register sheet 寄存器表（CSV）")
    .requiredOption("--source <text>", "document and page that the sheet is from 资料名称与页码")
    .option("--out <file>", "write the profile there, not to standard output 输出文件")
    .option("--force", "write over a file that is there 覆盖已有文件", false)
    .option("--id <id>", "id of the profile; default: from the file's name 型号标识")
    .option("--vendor <name>", "who makes it 厂家", "unknown")
    .option("--product <name>", "its name; default: the id 型号名称")
    .option("--class <class>", "gas, fire, level …; default: from its channels 类别")
    .option("--map <column=kind...>", "what columns are that are not recognised 指定列的含义")
    .option("--encoding <name>", "utf-8, gb18030, utf-16le; default: found 编码")
    .option("--separator <text>", "between cells, or tab; default: found 分隔符")
    .addOption(
      new Option("--numbering <way>", "how bare numbers count 地址起始方式").choices(["pdu", "one-based"]),
    )
    .option("--table <table>", "holding or input, of rows that do not say theirs 默认寄存器区")
    .option("--order <order>", "byte order, as ABCD, of numbers of several registers 字节序")
    .addOption(
      new Option("--scale-above <way>", "how factors above 1 are meant 大于 1 的系数如何理解").choices([
        "divide",
        "multiply",
      ]),
    )
    .action(async (sheet: string, options: NewOptions) => {
      const { newProfile } = await import("./profile/new.ts");
      finish(newProfile(sheet, options));
    });

  json(command("scan", "find the units of a Modbus link and what they are 扫描总线"))
    .option("--link <link>", "a link that nobody uses: tcp://host:port, rtu:/dev/ttyS1?baud=9600 空闲链路")
    .option(
      "--site <site>",
      "whose gateway is running, for --through; its own profiles are known too 站点文件",
    )
    .option("--through <id>", "a link in service, through the running gateway 经运行中的网关扫描在用链路")
    .option("--yes", "the link is in service, and this is meant 确认扫描在用链路", false)
    .option("--units <list>", "addresses to ask, as 1..32 or 1,5,9 从站地址范围", "1..247")
    .option("--baud <list>", "rates to try on a serial port, as 9600,19200 波特率")
    .option("--timeout <duration>", "how long one may take to answer 应答时限", "300ms")
    .action(async (options: ScanOptions) => {
      const { scan } = await import("./scan.ts");
      finish(await scan(options));
    });

  command("schema", "print the JSON Schema of site files and others, for editors 输出 JSON Schema")
    .addArgument(
      new Argument("[file]", "kind of file 文件种类")
        .choices(["site", "mapping", "rule-tests"])
        .default("site"),
    )
    .option("--site <site>", "with the links of the drivers that this site names 含该站点自带驱动")
    .action(async (kind: "site" | "mapping" | "rule-tests", options: { site?: string }) => {
      const { schema } = await import("./schema.ts");
      finish(schema(kind, options));
    });

  command("docs", "write the generated pages of the documentation 生成参考文档")
    .option("--check", "only say which are stale 仅检查是否过期", false)
    .option("--folder <folder>", "write them there 输出目录")
    .action(async (options: { check: boolean; folder?: string }) => {
      const { docs } = await import("./docs.ts");
      finish(docs(options));
    });

  command("password", "hash a password for a user of the broker 生成口令散列")
    .alias("hash-password")
    .action(async () => {
      const { password } = await import("./password.ts");
      finish(await password());
    });

  command("version", "print the version 版本").action(() => {
    process.stdout.write(`${VERSION}\n`);
    finish(EXIT.ok);
  });
  return tocsin;
}

/** What the parser of the command line did not understand; it says so in English, on its first line. */
function usageInChinese(text: string): string {
  const [said = ""] = text.split("\n");
  return chineseOf(said) ?? "命令用法有误，用 --help 查看用法";
}

/**
 * Runs one command line and sets the exit code. Nothing is thrown: what goes wrong is one clear block on standard error, with
 * `--json` an object on standard output.
 */
export async function main(args: readonly string[]): Promise<void> {
  // Whoever reads our output may leave early (`| head`): no reason to end with a stack, and none to end a gateway.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  try {
    await program((code) => {
      process.exitCode = code;
    }).parseAsync([...args], { from: "user" });
  } catch (thrown) {
    process.exitCode = report(thrown, args.includes("--json"));
  }
}

function report(thrown: unknown, json: boolean): ExitCode {
  // Commander has said itself what it did not understand; help and version come this way too.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const error = asTocsinError(thrown);
  if (json) printJson(errorJson(error));
  else process.stderr.write(`${renderError(error, hasColour(process.stderr))}\n`);
  return exitCodeOf(error);
}
