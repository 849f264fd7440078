// Archives whose bytes depend on nothing but what goes in: tar.gz, and Debian's .deb (deb(5): ar of two tarballs).
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { pack } from 'tar-stream';

/** `entries`: { name, content, mode } for a file, { name, mode } for a folder. `seconds`: the time that all of them bear. */
export async function tarGz(entries, seconds) {
  const tar = pack();
  const bytes = Array.fromAsync(tar);
  for (const { name, content, mode } of entries) {
    const header = { name, mode, mtime: new Date(seconds * 1_000), uid: 0, gid: 0, uname: 'root', gname: 'root' };
    if (content === undefined) tar.entry({ ...header, type: 'directory' });
    else tar.entry(header, content);
  }
  tar.finalize();
  return compress(Buffer.concat(await bytes));
}

export function compress(bytes) {
  return promisify(gzip)(bytes, { level: 6 }); // 9 takes three times as long for half a percent
}

/** `control` and `data`: entries as of tarGz, named from `./` on. */
export async function deb(control, data, seconds) {
  const members = [
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', await tarGz(control, seconds)],
    ['data.tar.gz', await tarGz(data, seconds)],
  ];
  const parts = members.flatMap(([name, bytes]) => [
    memberHeader(name, bytes.length, seconds),
    bytes,
    Buffer.alloc(bytes.length % 2, '\n'),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

/** ar(5): name 16, time 12, owner 6, group 6, mode 8, size 10, all decimal but the mode, padded with blanks. */
function memberHeader(name, size, seconds) {
  const fields = [
    [name, 16],
    [seconds, 12],
    [0, 6],
    [0, 6],
    [100644, 8],
    [size, 10],
  ];
  return Buffer.from(`${fields.map(([value, width]) => String(value).padEnd(width)).join('')}\`\n`);
}
