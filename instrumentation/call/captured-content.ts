import type { Attributes } from "@opentelemetry/api";
import { asObject, asObjects, asText } from "../wire/answer.ts";
import type { Json } from "../wire/answer.ts";
import { readJsonFields, wantedFields } from "../wire/json-fields.ts";
import type { WireDialect } from "../wire/wire-dialect.ts";

/** Text that is kept of one call's prompt, and as much of its answer. */
export const CONTENT_CHARS_MAX = 16 * 1024;
const MESSAGES_MAX = 256;

interface Message {
  readonly role: string;
  readonly parts: readonly { readonly type: "text"; readonly content: string }[];
}

/** How much text may still be kept; the first texts win. */
interface Budget {
  charsLeft: number;
}

/**
 * Prompt of a request in the convention's form (gen_ai.input.messages, gen_ai.system_instructions as JSON text): text parts
 * only, cut to the limit. Only called where the user switched capture on.
 */
export function capturedPrompt({ promptFields }: WireDialect, body: string): Attributes {
  const { messages, system } = promptFields;
  const fields = readJsonFields(body, wantedFields(system === undefined ? [messages] : [messages, system]));
  const budget: Budget = { charsLeft: CONTENT_CHARS_MAX };
  const instructions = system === undefined ? [] : partsOf(fields[system], budget);
  const input = messagesOf(fields[messages], budget);
  return {
    ...(input.length === 0 ? {} : { "gen_ai.input.messages": JSON.stringify(input) }),
    ...(instructions.length === 0 ? {} : { "gen_ai.system_instructions": JSON.stringify(instructions) }),
  };
}

/** Collects the text of an answer as it comes. */
export interface AnswerText {
  readonly add: (text: string) => void;
  attributes(finishReason: string | undefined): Attributes;
}

export function answerText(): AnswerText {
  let kept = "";
  return {
    add(text) {
      if (kept.length < CONTENT_CHARS_MAX) kept += text.slice(0, CONTENT_CHARS_MAX - kept.length);
    },
    attributes: (finishReason) =>
      kept === ""
        ? {}
        : {
            "gen_ai.output.messages": JSON.stringify([
              { role: "assistant", parts: [{ type: "text", content: kept }], finish_reason: finishReason ?? "unknown" },
            ]),
          },
  };
}

function messagesOf(value: unknown, budget: Budget): Message[] {
  if (typeof value === "string") return [{ role: "user", parts: partsOf(value, budget) }];
  return asObjects(value)
    .slice(0, MESSAGES_MAX)
    .map((message) => ({ role: asText(message["role"]) ?? "user", parts: partsOf(message["content"] ?? message["parts"], budget) }))
    .filter(({ parts }) => parts.length > 0);
}

/** A text, a list of `{text}` (OpenAI, Anthropic, Gemini, Bedrock), or an object that holds one in `parts`. */
function partsOf(value: unknown, budget: Budget): Message["parts"] {
  const texts = typeof value === "string" ? [value] : (Array.isArray(value) ? value : [value]).flatMap(textsOf);
  return texts.flatMap((text) => {
    const content = text.slice(0, budget.charsLeft);
    budget.charsLeft -= content.length;
    return content === "" ? [] : [{ type: "text" as const, content }];
  });
}

function textsOf(part: unknown): string[] {
  if (typeof part === "string") return [part];
  const object: Json = asObject(part) ?? {};
  const text = asText(object["text"]);
  return text === undefined ? asObjects(object["parts"]).flatMap(textsOf) : [text];
}
