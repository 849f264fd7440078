// `foretop replay --names`: how much each name looks generated or tunnelled, one JSON line each, in the order of the file.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { ApexTracker, tunnelEvidence, type ApexTotals } from './apex-tracker.ts';
import { dgaScore, sigmoid } from './dga.ts';
import { shippedModels } from './shipped-models.ts';
import { tunnelName, tunnelOdds, type TunnelName } from './tunnel.ts';

interface NameLine {
  kind: 'name';
  name: string;
  dga: number;
  tunnel: number;
}

interface Pending {
  name: string;
  parts: TunnelName | undefined;
  /** Log-odds. */
  odds: number;
}

/** So many names are weighed together: what is asked below one zone says more than any name alone. */
const blockNames = 50_000;
/** The rest of a longer line is not looked at. */
const longestLine = 4_096;
const mostApexes = 20_000;
/** Different names below one zone from which they speak for each other; as the detector of tunnels needs. */
const leastNames = 20;
/** Log-odds of a name that looks like nothing at all, and is not drawn into its neighbours' guilt. */
const leastOwn = -7;

/** Lines may end in CR LF; empty ones are left out; bytes that are no UTF-8 are kept as Latin-1. Gives the count of names. */
export async function replayNames(input: AsyncIterable<Uint8Array>, output: NodeJS.WritableStream): Promise<number> {
  let names: string[] = [];
  let count = 0;
  const flush = async () => {
    for (const text of scoreBlock(names)) if (!output.write(text)) await once(output, 'drain');
    count += names.length;
    names = [];
  };
  for await (const line of linesOf(input)) {
    names.push(line);
    if (names.length >= blockNames) await flush();
  }
  await flush();
  return count;
}

/** JSON lines, some hundred at a time. */
export function* scoreBlock(names: readonly string[], models = shippedModels()): Generator<string> {
  const zones = new ApexTracker(mostApexes, Infinity);
  const totals = new Map<string, ApexTotals>();
  const pending = names.map((name): Pending => {
    const parts = tunnelName(name);
    if (!parts) return { name, parts, odds: -Infinity };
    const odds = tunnelOdds(models, parts.below);
    const query = { ...parts, name, odds, type: 0, queryBytes: 0, answerBytes: 0, count: 1, atUs: 0, id: '' };
    totals.set(parts.apex, zones.add(query));
    return { name, parts, odds };
  });
  let text = '';
  for (const { name, parts, odds } of pending) {
    const zone = parts && totals.get(parts.apex);
    const together = zone && odds >= leastOwn ? tunnelEvidence(zone, leastNames) : 0;
    const line: NameLine = {
      kind: 'name',
      name,
      dga: rounded(dgaScore(models, name)),
      tunnel: rounded(Math.max(sigmoid(odds), together)),
    };
    text += `${JSON.stringify(line)}\n`;
    if (text.length < 64 * 1024) continue;
    yield text;
    text = '';
  }
  yield text;
}

/** Four digits after the point, 0.5 on the side where it was: ranks must not be lost near 0 and 1. */
function rounded(score: number): number {
  return Number(score.toPrecision(6));
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of input) {
    let from = 0;
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const line = decode(bytes.subarray(from, end));
      from = end + 1;
      if (line !== '') yield line;
    }
    rest = bytes.subarray(from);
    // Enough of an endless line is kept to score it; one more byte than counts shows that it was cut.
    if (rest.length > longestLine * 2) rest = rest.subarray(0, longestLine + 1);
  }
  const line = decode(rest);
  if (line !== '') yield line;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string {
  const cut = bytes.subarray(0, longestLine);
  try {
    return utf8.decode(cut).trim();
  } catch {
    return cut.toString('latin1').trim();
  }
}
