import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_RULES } from "./alerts.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { textPanel } from "./style.ts";
import { TEMPO_ALERT_RULES } from "./tempo-alerts.ts";

const UIDS: readonly string[] = [...ALERT_RULES, ...TEMPO_ALERT_RULES].map(({ uid }) => uid);

/** Panel of a rule on the runbooks' dashboard. */
export function runbookPanelId(uid: string): number {
  return UIDS.indexOf(uid) + 1;
}

/**
 * docs/runbooks.md in Grafana, one panel per rule: an alert links to where its reader already is.
 * @throws Error when a rule has no section
 */
export function runbooks(markdown: string): Dashboard {
  const sections = sectionsOf(markdown);
  return dashboardOf({
    name: "runbooks",
    title: "GenAI runbooks",
    description: "What to do when an alert fires, one panel per rule. Written from docs/runbooks.md.",
    store: "postgres",
    variables: [],
    panels: UIDS.map((uid) => {
      const content = sections.get(uid);
      if (content === undefined) throw new Error(`docs/runbooks.md has no section "## ${uid}"`);
      return textPanel({
        id: runbookPanelId(uid),
        title: uid,
        description: `What to do when the rule ${uid} fires.`,
        width: 12,
        height: content.length < 200 ? 4 : 9,
        content,
      });
    }),
  });
}

/** Text below each second-level heading. */
function sectionsOf(markdown: string): Map<string, string> {
  const parts = markdown.split(/^## (.+)$/m).slice(1);
  const sections = new Map<string, string>();
  for (let index = 0; index + 1 < parts.length; index += 2) sections.set(parts[index]?.trim() ?? "", parts[index + 1]?.trim() ?? "");
  return sections;
}
