import type { CategoryRules } from "../error-rule.ts";

/** The caller's own machine: files, processes, memory. Errno values that no connection raises. */
export const LOCAL: CategoryRules = {
  named: [
    {
      name: "local: file or process",
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
      text: /\b(?:eacces|eperm|enoent|eisdir|emfile|enospc): |\[errno (?:1|2|13|17|20|21|24|28)\]|no such file or directory|command (?:failed with exit code|was killed)|cannot find module/,
      retryable: false,
      example: "EACCES: permission denied, open '/etc/app.json'",
    },
  ],
  implied: [],
  vague: [],
};
