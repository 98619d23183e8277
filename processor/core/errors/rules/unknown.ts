import type { CategoryRules } from "../error-rule.ts";
import { anyOf, sequence, words } from "../prose-pattern.ts";

/** Failures that are nobody's answer: the caller's own machine, its loop guards, an answer with nothing in it. */
export const UNKNOWN: CategoryRules = {
  named: [
    {
      name: "unknown: file or process",
      category: "unknown",
      codes: [
        "eacces",
        "eperm",
        "enoent",
        "eexist",
        "eisdir",
        "enotdir",
        "emfile",
        "enfile",
        "enospc",
        "erofs",
        "enomem",
        "edquot",
        "e2big",
        "enametoolong",
        "filenotfounderror",
        "isadirectoryerror",
        "modulenotfounderror",
        "importerror",
        "errmodulenotfound",
        "nosuchfileexception",
        "filenotfoundexception",
        "memoryerror",
        "recursionerror",
      ],
      text: anyOf(
        String.raw`\b(?:eacces|eperm|enoent|eisdir|emfile|enospc): |\[errno (?:1|2|13|17|20|21|24|28)\]|no such file or directory|too many open files|no space left on device|command not found|address already in use`,
        String.raw`\b(?:package|library|cli|binary|executable)\b (?:is )?(?:not installed|required: (?:pip|npm))|\bcli (?:is )?not found\b|not found in (?:the |your |\$)?path\b`,
        String.raw`command (?:failed with exit code|was killed)|cannot find (?:module|package)|no module named|could not import`,
      ),
      // urllib3 names the missing socket or host file of a proxy below its own error.
      unless: { codes: ["proxyerror", "newconnectionerror"] },
      retryable: false,
      example: "EACCES: permission denied, open '/etc/app.json'",
    },
    {
      name: "unknown: loop guard",
      category: "unknown",
      codes: [
        "graphrecursionerror",
        "graphrecursionlimit",
        "maxturnsexceeded",
        "maxturnsexceedederror",
        "maxiterationsreached",
        "maxstepsexceeded",
      ],
      text: /recursion limit|max(?:imum)? (?:number of )?(?:turns|iterations|steps|rounds|tool[- ]calls|handoffs)|maximum recursion depth|exceed(?:ed)? the (?:\w{1,20}_)?(?:request|tokens?|tool_calls|cost)_limit/,
      retryable: false,
      example: "Recursion limit of 25 reached without hitting a stop condition",
    },
    {
      name: "unknown: empty answer",
      category: "unknown",
      codes: ["ainooutputgeneratederror", "nooutputgeneratederror", "emptyresponseerror", "emptymodelresponse"],
      text: anyOf(
        String.raw`no response (?:content|text|body)|no (?:output|content|text|response|choices|candidates) (?:was |were )?(?:generated|produced|returned)`,
        String.raw`(?:returned|received|got|with) (?:an )?empty (?:response|output|content|message|completion|reply)`,
        String.raw`(?:returned|returns|(?:response|answer|completion|output|result)s? (?:contain(?:s|ed)|has|had|with)) no (?:choices|content|text|outputs?|candidates|messages?|response|generations?|completions?)\b`,
        String.raw`empty (?:response|output|completion) from (?:the )?model`,
        sequence(
          "(?:did not|didn't) (?:return|produce|generate|yield|give|emit|provide)(?: an?| any| the)?(?: assistant| text| valid)? ",
          words("responses?", "outputs?", "content", "text", "answers?", "messages?", "choices", "candidates", "completions?", "tokens?"),
        ),
      ),
      unless: { text: /could not parse|schema|blocked|safety|upstream|provider|server|gateway/ },
      retryable: false,
      example: "AI_NoOutputGeneratedError: No output generated.",
    },
  ],
  implied: [
    {
      // Gemini's SDK counts its finish reasons: 1 is STOP.
      name: "unknown: clean end without content",
      category: "unknown",
      text: /\b(?:blocked|incomplete|empty|no|none|without|missing)\b.{0,160}?\b(?:finish|stop)[ _-]?reason\]?(?:\W|is ){1,6}(?:finishreason\.)?(?:stop|end_?turn|1|eos|completed?)\b/,
      unless: { text: /parse|schema|json|upstream|gateway/ },
      retryable: false,
      example: "Response incomplete. Finish reason: STOP",
    },
  ],
  vague: [
    {
      // A server that runs into one answers with a status, which goes first.
      name: "unknown: bug in own code",
      category: "unknown",
      codes: [
        "nullpointerexception",
        "nullreferenceexception",
        "attributeerror",
        "keyerror",
        "indexerror",
        "referenceerror",
        "nameerror",
        "nomethoderror",
        "unboundlocalerror",
        "zerodivisionerror",
        "arrayindexoutofboundsexception",
        "indexoutofrangeexception",
        "classcastexception",
        "notimplementederror",
      ],
      text: anyOf(
        String.raw`nil pointer|invalid memory address|null pointer|object reference not set|cannot invoke "|array index`,
        String.raw`cannot read propert|indices must be|expected (?:str|string), bytes|cannot pickle|values to unpack|event loop is closed|body (?:stream )?(?:is |was |has )?(?:already|unusable)|disturbed or locked|(?:undefined|null) is not an object|cannot set propert|cannot access '|cannot destructure|cannot convert undefined|undefined method`,
        String.raw`is not (?:a function|defined|iterable|subscriptable|a constructor|callable)\b|object has no attribute`,
        String.raw`(?:index|subscript) out of (?:range|bounds)|\.unwrap\(\)|maximum call stack|unhashable type`,
      ),
      retryable: false,
      example: "Cannot read properties of undefined (reading 'choices')",
    },
  ],
};
