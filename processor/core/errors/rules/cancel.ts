import type { CategoryRules } from "../error-rule.ts";
import { anyOf, sequence, words } from "../prose-pattern.ts";

/** A deadline that is named makes a cancellation a timeout: `AbortSignal.timeout`, .NET's `HttpClient.Timeout`. */
const DEADLINE = /time[ds]?[ -]?out|deadline|elapsed|httpclient\.timeout|超时/;

/** The caller gave up: no fault of anybody, and nothing to repeat. */
export const CANCEL: CategoryRules = {
  named: [
    {
      name: "cancel: by the caller",
      category: "unknown",
      codes: [
        "aborterror",
        "apiuseraborterror",
        "useraborterror",
        "cancelled",
        "canceled",
        "cancelederror",
        "cancellederror",
        "errcanceled",
        "aborterr",
        "requestabortederror",
        "underraborted",
        "operationcanceledexception",
        "taskcanceledexception",
        "cancellationexception",
        "requestcancelled",
        "clientclosedrequest",
      ],
      text: anyOf(
        sequence(
          String.raw`\b`,
          words(
            "request",
            "operation",
            "signal",
            "call",
            "stream",
            "streaming",
            "run",
            "task",
            "generation",
            "execution",
            "response",
            "query",
          ),
          String.raw` (?:was |is |has been |were )?(?:aborted|cancell?ed)\b`,
        ),
        String.raw`\b(?:aborted|cancell?ed) by (?:the )?(?:user|caller|client)|\buser (?:aborted|cancell?ed|interrupt)`,
        String.raw`^(?:[\w.]{1,80}: )?(?:aborted|cancell?ed)\.?$|context cancell?ed|client closed request`,
        String.raw`取消|キャンセル|abgebrochen|annulée? par|cancelad[oa] por|отменен|client disconnected|aborted without reason|keyboardinterrupt`,
        String.raw`\buser (?:has )?(?:rejected|declined|dismissed)\b|(?:rejected|declined|denied) by (?:the )?user\b`,
      ),
      unless: {
        codes: [
          "timeouterror",
          "errbadresponse",
          "econnreset",
          "econnrefused",
          "epipe",
          "econnaborted",
          "etimedout",
          "overloadederror",
          "underrsocket",
        ],
        text: new RegExp(`${DEADLINE.source}|ended prematurely|connection (?:reset|closed|lost)`),
      },
      retryable: false,
      example: "APIUserAbortError: Request was aborted.",
    },
  ],
  implied: [
    {
      // recordException puts DOMException.code into exception.type: 20 is ABORT_ERR.
      name: "cancel: DOMException 20",
      category: "unknown",
      codes: ["20"],
      unless: { text: DEADLINE },
      retryable: false,
      example: "error.type 20",
    },
  ],
  vague: [],
};
