import { describe, expect, it } from "vitest";
import { journalOptionsSchema } from "../../gateway/journal/options.ts";
import { WriterLink } from "../../gateway/journal/writer-link.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { definitions } from "./journal-fixture.ts";

const UNAVAILABLE = { code: "JOURNAL_UNAVAILABLE" };

async function startedWriter(folder: string): Promise<WriterLink> {
  const options = journalOptionsSchema.parse({});
  return (await WriterLink.start({ folder, options, series: definitions(1), at: 0 })).link;
}

function ask(writer: WriterLink): Promise<unknown> {
  return writer.ask((request) => ({ kind: "tail", request, after: -1 }));
}

describe("a writer thread that ends unexpectedly", () => {
  it("leaves nobody waiting for an answer", async () => {
    using folder = temporaryFolder("writer");
    const writer = await startedWriter(folder.path);
    writer.stall(true);
    await until("the thread stands still", () => writer.stalled);
    const outcomes = Promise.allSettled([ask(writer), ask(writer)]);
    await writer.terminate();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: UNAVAILABLE });
    }
    await expect(ask(writer)).rejects.toMatchObject(UNAVAILABLE);
  });

  it("is told to whoever begins to listen only afterwards", async () => {
    using folder = temporaryFolder("writer");
    const writer = await startedWriter(folder.path);
    await writer.terminate();
    const told: string[] = [];
    writer.listen(
      () => {},
      () => told.push("ended"),
    );
    expect(told).toEqual(["ended"]);
  });
});
