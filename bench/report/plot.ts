import { short, times } from "./numbers.ts";
import type { Report } from "./report.ts";

const WIDTH = 820;
const LABELS = 210;
const ROOM_FOR_FIGURES = 190;
const ROW = 30;
const TOP = 58;
const BAR = 18;

/** Bars of one workload, longest first, as an SVG for light and dark pages. The scale is linear. */
export function barPlot({ workloads, ratios, machine }: Report, workload: string): string {
  const found = workloads[workload];
  if (found === undefined) {
    throw new Error(`The report has no workload ${workload}.`);
  }
  const bars = Object.entries(found.contenders).toSorted(([, first], [, second]) => second.median - first.median);
  const longest = bars[0]?.[1].median ?? 1;
  const height = TOP + bars.length * ROW + 12;
  const rows = bars.map(([name, { title, median }], index) => {
    const y = TOP + index * ROW;
    const width = Math.max(2, (median / longest) * (WIDTH - LABELS - ROOM_FOR_FIGURES));
    const ratio = ratios[workload]?.[name];
    const figure = `${short(median)}${ratio === undefined || name === "ratchet" ? "" : `   (${times(ratio)})`}`;
    return [
      `<text class="label" x="${LABELS - 12}" y="${y + 14}">${escaped(title)}</text>`,
      `<rect class="${name.startsWith("ratchet") ? "ours" : "theirs"}" x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
      `<text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 14}">${escaped(figure)}</text>`,
    ].join("");
  });
  const title = `${found.unit}: ${found.title}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img"><title>${escaped(title)}</title><style>text{font:14px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328;white-space:pre}.label{text-anchor:end}.head{font-weight:600}.small{font-size:12px;fill:#59636e}.ours{fill:#d1410c}.theirs{fill:#8c959f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.ours{fill:#f0733f}.theirs{fill:#6e7681}}</style><text class="head" x="12" y="22">${escaped(title)}</text><text class="small" x="12" y="42">one worker process, ${machine.cores} cores, everything durable; in brackets: how many times as fast Ratchet is</text>${rows.join("")}</svg>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
