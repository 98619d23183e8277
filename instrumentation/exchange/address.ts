/** Last words of the paths of model APIs; one test settles nearly every address that is none. Without the query. */
const MAY_BE_MODEL_CALL =
  /(?:completions?|responses|embeddings?|messages|complete|interactions|\/chat|generate|\/embed|generation|_stream|predictions|invocations(?:-response-stream)?|invoke(?:-with-response-stream)?|converse(?:-stream)?|[gG]enerateContent|[eE]mbedContents?|[pP]redict)(?:$|\?)/;

/** Cheap and generous: what it lets through is looked at closely, what it stops costs a fraction of a microsecond. */
export function mayBeModelCall(address: string): boolean {
  return MAY_BE_MODEL_CALL.test(address);
}
