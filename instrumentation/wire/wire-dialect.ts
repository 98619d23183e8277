import type { Answer, Json } from "./answer.ts";
import type { FieldNames } from "./json-fields.ts";

/** What a request says of the call. Attributes are those of the convention, `gen_ai.request.*`. */
export interface RequestFacts {
  readonly model?: string;
  readonly streaming?: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean | string[]>>;
}

/** What follows from a wire alone, worked out once. */
export function perWire<Result extends object>(compute: (wire: WireDialect) => Result): (wire: WireDialect) => Result {
  const known = new WeakMap<WireDialect, Result>();
  return (wire) => {
    let result = known.get(wire);
    if (result === undefined) known.set(wire, (result = compute(wire)));
    return result;
  };
}

/** How one family of APIs writes its requests and answers. A new family is a row of `WIRES`. */
export interface WireDialect {
  readonly name: string;
  /** Which paths speak it; named group `model` where the path holds the model. */
  readonly path: RegExp;
  readonly operation?: string;
  /** Who it is when neither host nor client says: the vendor of the protocol. */
  readonly provider: string;
  /** The answer is a stream because of the path, not of the body. */
  readonly streamingPath?: RegExp;
  /** The API streams unless the body says `stream: false`. */
  readonly streamsByDefault?: true;
  /** Top-level fields of the request body that are facts -> their attributes; `model` and `stream` are always read. */
  readonly requestFields: Readonly<Record<string, string>>;
  /** A request body without `model` is no call to a model on this wire. */
  readonly modelInBody?: true;
  /** Fields of a JSON answer that are read. */
  readonly answerFields: FieldNames;
  /** Top-level fields of a JSON answer that hold its text: read only for content capture. */
  readonly textFields: readonly string[];
  /** Lines of a stream that are worth parsing: tested on raw text before any JSON is parsed. */
  readonly interesting: RegExp;
  readonly readAnswer: (body: Json, answer: Answer) => void;
  readonly readEvent: (event: Json, answer: Answer) => void;
  /** Facts that stand in response headers. */
  readonly readHeaders?: (header: (name: string) => string | undefined, answer: Answer) => void;
  /** The text in one event or answer, for content capture. */
  readonly textOf: (body: Json) => string;
  /** Top-level fields of the request that hold prompt content, for content capture. */
  readonly promptFields: { readonly messages: string; readonly system?: string };
}
