// Reads what the time bar's track shows: of few hosts each by itself, of many in the one answer for the whole fleet.
import type { Bandwidth, FleetRecord } from '@foretop/proto/api';
import { request } from '../api/client.ts';
import { fleetActivity, sumActivity, type Activity } from './activity.ts';
import { instantText } from './view.ts';

export interface ActivityQuestion {
  /** The host, or the first few of the fleet. */
  hostIds: readonly number[];
  /** How many there are. */
  hosts: number;
  fromMs: number;
  toMs: number;
  /** The collector answers up to now, not beyond. */
  askedToMs: number;
  stepMs: number;
}

/** Stored minutes that one look may cost the collector: 1,000 hosts over a day, 200 over a week. */
const mostMinutes = 2_100_000;

/** @returns the activity, and of how many hosts it is. Throws ApiError. */
export async function readActivity(
  { hostIds, hosts, fromMs, toMs, askedToMs, stepMs }: ActivityQuestion,
  signal: AbortSignal,
): Promise<{ activity: Activity; hosts: number }> {
  const span = { from: instantText(fromMs), to: instantText(askedToMs) };
  if (hosts > hostIds.length && (hosts * (toMs - fromMs)) / 60_000 <= mostMinutes) {
    const record = await request<FleetRecord>(`/fleet?${new URLSearchParams(span).toString()}`, { signal });
    return { activity: fleetActivity(record), hosts };
  }
  const query = new URLSearchParams({ ...span, step: String(stepMs / 1000) }).toString();
  const answers = await Promise.all(
    hostIds.map((id) => request<Bandwidth>(`/hosts/${id}/bandwidth?${query}`, { signal })),
  );
  return { activity: sumActivity(answers, fromMs, toMs, stepMs), hosts: hostIds.length };
}
