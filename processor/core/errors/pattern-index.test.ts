import fc from "fast-check";
import { expect, test } from "vitest";
import { needlesOf } from "./needles.ts";
import { indexPatterns, isMarked } from "./pattern-index.ts";
import { IMPLIED, NAMED, VAGUE } from "./rule-table.ts";

test.each<[RegExp, readonly string[] | null]>([
  [/quota exceeded/, ["quota exceeded"]],
  [/no|quota/, null],
  [/cat|mouse/, ["cat", "mouse"]],
  [/time-?outs?/, ["time"]],
  [/(?:daily|weekly) (?:cap|budget)/, ["daily", "weekly"]],
  [/(?:daily )?limit/, ["limit"]],
  [/\bkey\b(?! value)/, ["key"]],
  [/(?<!ab)long\.word+/, ["long.word"]],
  [/[a-z]{3,9}\d+/, null],
  [/x(?:abc|)y/, null],
  [/余额|balance/, ["余额", "balance"]],
  [/^aborted\.?$/, ["aborted"]],
  [/(?:abc){2}/, ["abc"]],
  [/quota/i, null],
])("%s needs %j", (pattern, needles) => {
  expect(needlesOf(pattern)).toEqual(needles);
});

test("patterns are marked that have a needle in the text, and those of which none is known", () => {
  const index = indexPatterns([/quota exceeded|余额/, undefined, /[a-z]{3,9}\d+/, /reset by (?:peer|server)/]);
  const marked = (text: string): number[] => [0, 1, 2, 3].filter((pattern) => isMarked(index.marksOf(text), pattern));
  expect(marked("your quota exceeded")).toEqual([0, 2]);
  expect(marked("账户余额不足")).toEqual([0, 2]);
  expect(marked("connection reset by peer")).toEqual([2, 3]);
  expect(marked("quota exceede")).toEqual([2]);
  expect(marked("")).toEqual([2]);
});

const PATTERNS = [...NAMED, ...IMPLIED, ...VAGUE].flatMap(({ name, text, stem }) =>
  [text ?? [], stem ?? []].flat().map((pattern) => [name, pattern] as const),
);

test.each(PATTERNS)("%s: what its pattern matches is marked, alone and among all others", (_name, pattern) => {
  const index = indexPatterns([...PATTERNS.map(([, other]) => other), pattern]);
  const alone = indexPatterns([pattern]);
  fc.assert(
    fc.property(fc.constantFrom(...alternativesOf(pattern)), fc.string({ maxLength: 30 }), (text, around) => {
      const prose = `${around} ${text} ${around}`.toLowerCase();
      fc.pre(pattern.test(prose));
      expect(isMarked(alone.marksOf(prose), 0), prose).toBe(true);
      expect(isMarked(index.marksOf(prose), PATTERNS.length), prose).toBe(true);
    }),
    { numRuns: 60 },
  );
});

/** Texts made of a pattern: each group's first, last and some alternative, each optional part once left out and once taken. */
function alternativesOf(pattern: RegExp): string[] {
  const plain = pattern.source
    .replace(/\(\?<?[=!][^()]*(?:\([^()]*\)[^()]*)*\)/g, "")
    .replace(/\\b|\\B|\^|\$/g, "")
    .replace(/\\d/g, "7")
    .replace(/\\w|\\S/g, "w")
    .replace(/\\s|\[ _-\]|\[ -\]/g, " ")
    .replace(/\[\^?(?:\\.|[^\]\\])+\]/g, "x")
    .replace(/\\(.)/g, "$1");
  return [0, 1, 2, 3].flatMap((choice) => splitTop(plain).map((part) => resolve(part, choice)));
}

function resolve(source: string, choice: number): string {
  let text = source;
  for (let turn = 0; turn < 50 && /\([^()]*\)/.test(text); turn += 1) {
    text = text.replace(/\((?:\?:)?([^()]*)\)((?:[?*+]|\{\d+(?:,\d*)?\})?\??)/, (_whole, body: string, times: string) => {
      if (/^[?*]|^\{0/.test(times) && choice % 2 === 0) return "";
      const all = body.split("|");
      return all[choice === 0 ? 0 : (choice * 7) % all.length] ?? "";
    });
  }
  return text.replace(/(.)(?:\?|\*|\{0,\d+\})\??/g, choice % 2 === 0 ? "" : "$1").replace(/(.)(?:\+|\{\d+(?:,\d*)?\})\??/g, "$1");
}

function splitTop(source: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index <= source.length; index += 1) {
    const char = source.charAt(index);
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (index === source.length || (char === "|" && depth === 0)) {
      parts.push(source.slice(start, index));
      start = index + 1;
    }
  }
  return parts;
}
