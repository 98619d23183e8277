import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonFields, wantedFields } from "./json-fields.ts";

const NAMES = ["model", "stream", "usage", "a"];
const WANTED = wantedFields(NAMES);
const key = fc.oneof(fc.constantFrom("model", "stream", "usage", "a", 'quo"te', "back\\slash", "b"), fc.string());
const document = fc.dictionary(key, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 8 });

describe("readJsonFields", () => {
  it("finds what JSON.parse finds, in any layout", () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 0, max: 4 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const parsed = JSON.parse(text) as Record<string, unknown>;
        const expected = Object.entries(parsed).filter(([name]) => NAMES.includes(name));
        expect({ ...readJsonFields(text, WANTED) }).toEqual(Object.fromEntries(expected));
      }),
    );
  });

  it("never throws and never invents, wherever the text ends or whatever it is", () => {
    fc.assert(
      fc.property(document, fc.nat(), (value, cut) => {
        const text = JSON.stringify(value);
        const fields = readJsonFields(text.slice(0, cut % (text.length + 1)), WANTED);
        for (const [name, found] of Object.entries(fields)) {
          // A number that is cut is a shorter number; everything else is whole or absent.
          if (typeof found !== "number") expect(found).toEqual((JSON.parse(text) as Record<string, unknown>)[name]);
        }
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void readJsonFields(text, WANTED)));
  });

  it("takes some fields out of objects and out of lists of them", () => {
    const inside = fc.oneof(document, fc.array(fc.oneof(document, fc.jsonValue({ maxDepth: 1 })), { maxLength: 4 }), fc.jsonValue());
    fc.assert(
      fc.property(inside, fc.jsonValue(), fc.integer({ min: 0, max: 3 }), (value, other, indent) => {
        const text = JSON.stringify({ b: other, usage: value, model: "m" }, null, indent);
        const found = readJsonFields(text, wantedFields([["usage", ["a", "model"]], "model"]));
        expect(found).toEqual({ usage: picked((JSON.parse(text) as { usage: unknown }).usage), model: "m" });
      }),
    );
  });

  it("leaves a field over the limit unparsed", () => {
    expect(readJsonFields(`{"a":"${"x".repeat(100)}","model":"m"}`, WANTED, 50)).toEqual({ model: "m" });
  });

  it("keeps nothing of a body but its fields", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const ids: unknown[] = [];
    const before = used();
    for (let n = 0; n < 50; n++) {
      const body = Buffer.from(JSON.stringify({ model: `a-model-with-a-long-name-${n}`, text: "x".repeat(1_000_000) })).toString();
      ids.push(readJsonFields(body, WANTED)["model"]);
    }
    expect(used() - before).toBeLessThan(25_000_000);
    expect(new Set(ids).size).toBe(50);
  });

  it("steps over a large prompt by string search", () => {
    const text = JSON.stringify({ messages: [{ role: "user", content: '\\"'.repeat(100_000) }], model: "m" });
    expect(readJsonFields(text, WANTED)).toEqual({ model: "m" });
  });
});

/** What JSON.parse makes of the same, cut down: the reference. */
function picked(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null && typeof item === "object" && !Array.isArray(item)).map(picked);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name === "a" || name === "model"));
}
