// The keys of sealed captures: one a run, made in this browser, never readable by a script, kept until they are forgotten.
import type { Recipient } from '@foretop/proto/capture';
import { inKeyStore } from '../trust/key-store.ts';

interface KeptKey extends Recipient {
  runId: string;
}

const names = { database: 'foretop-captures', store: 'keys', keyPath: 'runId' };
/** Of this page: also where the browser keeps no database. */
const here = new Map<string, Recipient>();

/** @returns false when the browser did not keep it: it is then good for as long as the page is open. */
export async function keepCaptureKey(runId: string, recipient: Recipient): Promise<boolean> {
  here.set(runId, recipient);
  const kept: KeptKey = { runId, ...recipient };
  try {
    await inKeyStore(names, 'readwrite', (store) => store.put(kept));
    // Browsers may clear what is not asked to be kept. One that says no still keeps it for now.
    await navigator.storage?.persist?.();
    return true;
  } catch {
    return false;
  }
}

/** undefined: this browser never had it, or it was forgotten. */
export async function captureKey(runId: string): Promise<Recipient | undefined> {
  const known = here.get(runId);
  if (known) return known;
  const kept = await inKeyStore<KeptKey | undefined>(names, 'readonly', (store) => store.get(runId)).catch(
    () => undefined,
  );
  return kept && { privateKey: kept.privateKey, publicKey: kept.publicKey };
}

/** From then on nobody opens what was sealed to it. Throws Error when the browser did not delete it. */
export async function forgetCaptureKey(runId: string): Promise<void> {
  await inKeyStore(names, 'readwrite', (store) => store.delete(runId));
  here.delete(runId);
}
