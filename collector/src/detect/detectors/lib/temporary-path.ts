// Paths where anybody may write and nothing is meant to stay.

const folders = [
  // Filesystem Hierarchy Standard 3.0, sections 3.18 and 5.15; shm_open(3)
  /^\/tmp\//,
  /^\/var\/tmp\//,
  /^\/dev\/shm\//,
  /^\/dev\/mqueue\//,
  /^\/run\/(user\/\d+|lock)\//,
  // confstr(3) on macOS: DARWIN_USER_TEMP_DIR
  /^\/private\/(tmp|var\/tmp|var\/folders)\//,
  /^\/var\/folders\//,
  // GetTempPath2
  /^[a-z]:\\windows\\(temp|systemtemp)\\/i,
  /^[a-z]:\\users\\[^\\]+\\appdata\\local\\temp\\/i,
  /^[a-z]:\\users\\public\\/i,
  /^[a-z]:\\\$recycle\.bin\\/i,
];

/** A file that only ever was in memory: memfd_create(2). */
export function isInMemory(path: string): boolean {
  return /^\/?memfd:/.test(path);
}

/** The same few programs fill most of the stream. */
const judged = new Map<string, boolean>();
const mostJudged = 8_192;

export function isTemporaryPath(path: string): boolean {
  const known = judged.get(path);
  if (known !== undefined) return known;
  if (judged.size >= mostJudged) judged.clear();
  const isTemporary = isInMemory(path) || folders.some((folder) => folder.test(path));
  judged.set(path, isTemporary);
  return isTemporary;
}

/** Programs that are meant to run from there. */
const builders = [
  { what: 'an AppImage', pattern: /^\/tmp\/\.mount_[^/]+\// },
  { what: 'go run or go test', pattern: /^\/tmp\/go-build\d+\// },
  { what: 'a Java or Python native part', pattern: /^\/tmp\/(hsperfdata_|_MEI|pip-|pytest-of-)/ },
  {
    what: 'an installer',
    pattern: /\\temp\\(is-[0-9a-z]+\.tmp|nsq?[0-9a-z]+\.tmp|\{[0-9a-f-]+\}|chocolatey|vscode-|squirreltemp)/i,
  },
  { what: 'runc or another container runtime starting', pattern: /^\/?memfd:runc_cloned/ },
];

/** What it probably is; undefined = nothing that is known. */
export function builderOf(path: string): string | undefined {
  return builders.find(({ pattern }) => pattern.test(path))?.what;
}
