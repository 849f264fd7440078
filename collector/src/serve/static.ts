// The dashboard's files, read once at start and answered from memory, compressed as the build left them.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { dataHeaders, pageHeaders } from './security-headers.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Best first. */
const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

const fallbackPage = 'app.html';
/** SvelteKit names these files by their content. */
const immutablePrefix = '_app/immutable/';
const yearSeconds = 31_536_000;

interface StaticFile {
  body: Buffer;
  encoded: Partial<Record<(typeof encodings)[number]['name'], Buffer>>;
  headers: Record<string, string>;
  etag: string;
}

export interface StaticSite {
  /** Whether the dashboard was built. */
  readonly built: boolean;
  /** undefined: not a file of the site and no page either. */
  respond(request: Request): Response | undefined;
}

/** A folder that does not exist makes a site without files. */
export async function loadStaticSite(folder: string): Promise<StaticSite> {
  const files = new Map<string, StaticFile>();
  const contents = await readFolder(folder);
  for (const [path, body] of contents) {
    if (encodings.some(({ suffix }) => path.endsWith(suffix) && contents.has(path.slice(0, -suffix.length)))) continue;
    files.set(path, describe(path, body, contents));
  }
  return {
    built: files.has(fallbackPage),
    respond(request) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
      const file = find(files, new URL(request.url).pathname);
      return file && answer(file, request);
    },
  };
}

async function readFolder(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = paths.map(async (path) => [relative(folder, path).replaceAll(sep, '/'), await readFile(path)] as const);
  return new Map(await Promise.all(read));
}

function describe(path: string, body: Buffer, contents: ReadonlyMap<string, Buffer>): StaticFile {
  const type = contentTypes[extname(path)] ?? 'application/octet-stream';
  const encoded: StaticFile['encoded'] = {};
  for (const { name, suffix } of encodings) {
    const other = contents.get(path + suffix);
    if (other !== undefined) encoded[name] = other;
  }
  const page = extname(path) === '.html';
  const headers = {
    'content-type': type,
    'cache-control': path.startsWith(immutablePrefix) ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
    ...(page ? pageHeaders(body.toString('utf8')) : dataHeaders),
    ...(Object.keys(encoded).length > 0 && { vary: 'accept-encoding' }),
  };
  return { body, encoded, headers, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** A path without an extension is a page of the single-page application; a missing file is missing. */
function find(files: ReadonlyMap<string, StaticFile>, pathname: string): StaticFile | undefined {
  const path = decode(pathname)?.slice(1);
  if (path === undefined) return undefined;
  const file = path === '' ? files.get('index.html') : (files.get(path) ?? files.get(`${path}.html`));
  if (file !== undefined) return file;
  return extname(path) === '' && !path.startsWith('_app/') ? files.get(fallbackPage) : undefined;
}

function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}

function answer(file: StaticFile, request: Request): Response {
  const accepted = acceptedEncodings(request.headers.get('accept-encoding') ?? '');
  const encoding = encodings
    .map(({ name }) => name)
    .find((name) => accepted.has(name) && file.encoded[name] !== undefined);
  const body = encoding === undefined ? file.body : file.encoded[encoding]!;
  // Each encoding is a representation of its own (RFC 9110, section 8.8.3.3).
  const etag = encoding === undefined ? file.etag : file.etag.replace(/"$/, `-${encoding}"`);
  const headers = { ...file.headers, etag };
  if (matches(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers });
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
    headers: { ...headers, 'content-length': String(body.length), ...(encoding && { 'content-encoding': encoding }) },
  });
}

function acceptedEncodings(header: string): Set<string> {
  const offers = header.split(',').map((offer) =>
    offer
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/),
  );
  return new Set(offers.filter(([, quality]) => !/^q=0(\.0*)?$/.test(quality ?? '')).map(([name]) => name!));
}

const matches = (header: string | null, etag: string) =>
  (header ?? '').split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
