/** What characters and runs of them stand in a text: enough to know that most of what is looked for does not. */
export const SIGN = {
  /** A character beyond ASCII, which may be any of those below but a letter or a digit. */
  beyondAscii: 1,
  /** " ' or ` */
  quote: 1 << 1,
  angle: 1 << 2,
  underscore: 1 << 3,
  /** : or = */
  colon: 1 << 4,
  space: 1 << 5,
  /** White space that is no single blank. */
  wideSpace: 1 << 6,
  /** A capital of those that endings of class names begin with, behind a letter, a digit or what else may stand within a name. */
  classEnding: 1 << 7,
  /** Four capitals, digits or underscores in a row. */
  shouted: 1 << 8,
  /** Three digits in a row. */
  number: 1 << 9,
} as const;

/* Of single characters. */
const CAPITAL_OF_ENDING = 1 << 16;
const IN_NAME = 1 << 17;
const SHOUT = 1 << 18;
const DIGIT = 1 << 19;

const SHOUT_CHARS = 4;
const NUMBER_DIGITS = 3;

const TABLE = signTable([
  [/["'`]/, SIGN.quote],
  [/</, SIGN.angle],
  [/_/, SIGN.underscore],
  [/[:=]/, SIGN.colon],
  [/\s/, SIGN.space],
  [/[^\S ]/, SIGN.wideSpace],
  // text-codes.ts, CLASS_ENDING
  [/[ETCFDN]/, CAPITAL_OF_ENDING],
  [/[\w.$]/, IN_NAME],
  [/[A-Z0-9_]/, SHOUT],
  [/\d/, DIGIT],
]);

function signTable(signs: readonly (readonly [RegExp, number])[]): Int32Array {
  return Int32Array.from({ length: 128 }, (_, code) =>
    signs.reduce((all, [chars, sign]) => (chars.test(String.fromCharCode(code)) ? all | sign : all), 0),
  );
}

/** The signs of a text, as bits; whatever is not among them is not there. */
export function signsOf(text: string): number {
  let signs = 0;
  let before = 0;
  let shouted = 0;
  let digits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const sign = TABLE[text.charCodeAt(index)] ?? SIGN.beyondAscii;
    signs |= sign;
    if ((sign & SHOUT) === 0) shouted = 0;
    else if ((shouted += 1) === SHOUT_CHARS) signs |= SIGN.shouted;
    if ((sign & DIGIT) === 0) digits = 0;
    else if ((digits += 1) === NUMBER_DIGITS) signs |= SIGN.number;
    if ((sign & CAPITAL_OF_ENDING) !== 0 && (before & IN_NAME) !== 0) signs |= SIGN.classEnding;
    if ((sign & before & SIGN.space) !== 0) signs |= SIGN.wideSpace;
    before = sign;
  }
  return signs;
}
