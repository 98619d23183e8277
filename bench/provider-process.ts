import { startProviderStandIn } from "../processor/demo/provider-stand-in.ts";

/** The provider stand-in in a process of its own, so that its work is not measured: prints its URL, and on a line of input what it served. */
const standIn = await startProviderStandIn();
console.log(standIn.url);
process.stdin.on("data", () => {
  const answered = standIn.requests.filter(({ status }) => status !== null).length;
  console.log(
    JSON.stringify({ requests: standIn.requests.length, answered, calls: new Set(standIn.requests.map(({ scriptId }) => scriptId)).size }),
  );
});
process.stdin.on("end", () => process.exit(0));
