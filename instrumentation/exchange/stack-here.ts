/** Deep enough to reach from a socket's destroy() through a client and its signals to the timer that began it. */
const FRAMES_MAX = 40;

/** The stack of this moment, deeper than the default of ten frames. */
export function stackHere(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  const { stack } = new Error("here");
  Error.stackTraceLimit = limit;
  return stack ?? "";
}
