// The .deb of the agent: the program and its native module; the service is set up by `foretop-agent install`.
import { readFileSync } from 'node:fs';
import { deb } from './archives.mjs';

const architectures = { x64: 'amd64', arm64: 'arm64' };
const script = (name) => readFileSync(new URL(`./debian/${name}`, import.meta.url));

export const debianName = (version, arch) => `foretop-agent_${version}_${architectures[arch]}.deb`;

export function debianPackage({ version, arch, executable, koffi, licence, seconds }) {
  const installedKiB = Math.ceil((executable.length + koffi.length + licence.length) / 1_024);
  const control = [
    'Package: foretop-agent',
    `Version: ${version}`,
    `Architecture: ${architectures[arch]}`,
    'Maintainer: The Foretop project',
    `Installed-Size: ${installedKiB}`,
    'Depends: libc6 (>= 2.28), libatomic1, libgcc-s1, libstdc++6',
    'Recommends: systemd',
    'Section: net',
    'Priority: optional',
    'Description: shows every connection of this host to a Foretop collector',
    ' A headless agent. After the package is installed, connect the host with',
    ' foretop-agent install --collector URL --token-file FILE',
    '',
  ].join('\n');
  const folders = ['./', './usr/', './usr/bin/', './usr/lib/', './usr/lib/foretop-agent/', './usr/share/'];
  const document = './usr/share/doc/';
  return deb(
    [
      { name: './', mode: 0o755 },
      { name: './control', content: control, mode: 0o644 },
      ...['postinst', 'prerm', 'postrm'].map((name) => ({ name: `./${name}`, content: script(name), mode: 0o755 })),
    ],
    [
      ...[...folders, document, `${document}foretop-agent/`].map((name) => ({ name, mode: 0o755 })),
      { name: './usr/bin/foretop-agent', content: executable, mode: 0o755 },
      { name: './usr/lib/foretop-agent/koffi.node', content: koffi, mode: 0o644 },
      { name: `${document}foretop-agent/copyright`, content: licence, mode: 0o644 },
    ],
    seconds,
  );
}
