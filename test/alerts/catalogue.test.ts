import { expect, test } from "vitest";
import { REFUSALS } from "../../gateway/alerts/command-schemas.ts";
import { CATALOGUE, type MessageKey } from "../../gateway/messages/catalogue.ts";
import { placeholders } from "../../gateway/messages/format.ts";
import { DOMAINS } from "../../model/domain.ts";

const texts = Object.entries(CATALOGUE);

test("every text is there in both languages and the Chinese one is Chinese", () => {
  for (const [key, { zh, en }] of texts) {
    expect(zh, key).toMatch(/[\u4e00-\u9fff]|^（?\{/);
    expect(en, key).toMatch(/[A-Za-z]/);
    expect(en, key).not.toMatch(/[\u4e00-\u9fff]/);
  }
});

test("both languages of a text are filled in with the same things", () => {
  for (const [key, { zh, en }] of texts) {
    expect(new Set(placeholders(zh)), key).toEqual(new Set(placeholders(en)));
  }
});

test("no text counts levels by number: standards count in opposite directions", () => {
  for (const [key, { zh }] of texts) expect(zh, key).not.toMatch(/[一二三四ⅠⅡⅢⅣ]级/);
});

test("every refusal can be said, and every domain has something to do", () => {
  for (const refusal of REFUSALS) expect(CATALOGUE[`refusal.${refusal}`]).toBeDefined();
  for (const domain of DOMAINS) {
    for (const urgency of ["urgent", "watch"]) {
      expect(CATALOGUE[`guidance.danger.${domain}.${urgency}` as MessageKey]).toBeDefined();
    }
  }
});
