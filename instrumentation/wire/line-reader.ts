import type { AnswerReaderOptions, BodyReader } from "./body-reader.ts";
import { readEventText } from "./body-reader.ts";

/** A line over this is content that nothing is read from; it is dropped until its end. */
const LINE_CHARS_MAX = 4 * 1024 * 1024;

/**
 * Server-sent events (prefix "data:") and lines of JSON (prefix ""). Bytes are taken as latin1 and split at line feeds, which
 * is safe in UTF-8; only the first event and lines that hold something of interest are parsed, since a stream has hundreds of
 * lines that hold a word of content.
 */
export function lineReader(prefix: string, options: AnswerReaderOptions): BodyReader {
  const { interesting } = options.wire;
  const everything = options.onText !== undefined;
  let rest = "";
  let first = true;
  let dropping = false;

  const readLine = (line: string): void => {
    if (!line.startsWith(prefix)) return;
    const text = line.slice(prefix.length).trim();
    if (text === "" || !(first || everything || interesting.test(text))) return;
    first = false;
    readEventText(utf8(text), options);
  };
  const readLines = (text: string): void => {
    // The whole chunk first: most of them hold nothing.
    if (!first && !everything && !interesting.test(text)) return;
    for (const line of text.split("\n")) readLine(line);
  };

  return {
    push(chunk) {
      const text = latin1(chunk);
      const end = text.lastIndexOf("\n");
      if (end < 0) {
        if (rest.length + text.length > LINE_CHARS_MAX) dropping = true;
        rest = dropping ? "" : rest + text;
        return;
      }
      const whole = text.slice(0, end);
      readLines(dropping ? whole.slice(whole.indexOf("\n") + 1) : rest + whole);
      dropping = false;
      rest = text.slice(end + 1);
    },
    end() {
      if (rest !== "") readLines(rest);
      rest = "";
    },
  };
}

function latin1(chunk: Uint8Array): string {
  const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return bytes.toString("latin1");
}

// oxlint-disable-next-line no-control-regex -- the test is for bytes beyond ASCII
const ASCII_ONLY = /^[\x00-\x7f]*$/;

function utf8(latin1Text: string): string {
  return ASCII_ONLY.test(latin1Text) ? latin1Text : Buffer.from(latin1Text, "latin1").toString("utf8");
}
