// Control groups as real hosts write them: systemd and cgroupfs drivers, v1, v2 and hybrid, nested and escaped names.
import { expect, it } from 'vitest';
import { parseControlGroup } from './control-group.ts';

const id = '4f1d9e0b7c3a58264f1d9e0b7c3a58264f1d9e0b7c3a58264f1d9e0b7c3a5826';
const other = '9a8b7c6d5e4f30219a8b7c6d5e4f30219a8b7c6d5e4f30219a8b7c6d5e4f3021';
const uid = '1b2c3d4e-5f60-4718-92a3-b4c5d6e7f809';
const uidInSlice = uid.replaceAll('-', '_');
const podSlice = `kubepods-burstable-pod${uidInSlice}.slice`;
const kubepods = `/kubepods.slice/kubepods-burstable.slice/${podSlice}`;
const userSlice = '/user.slice/user-1000.slice/user@1000.service';
const staticPod = '0123456789abcdef0123456789abcdef';

it.each<[what: string, path: string, unit: string, runtime: string, container: string]>([
  // systemd
  ['a service', '/system.slice/nginx.service', 'nginx.service', '', ''],
  ['a template’s instance', '/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service', '', ''],
  [
    'postgresql on Debian',
    '/system.slice/system-postgresql.slice/postgresql@17-main.service',
    'postgresql@17-main.service',
    '',
    '',
  ],
  ['the manager', '/init.scope', 'init.scope', '', ''],
  ['a login session', '/user.slice/user-1000.slice/session-3.scope', 'session-3.scope', '', ''],
  ['a user’s own manager', `${userSlice}/init.scope`, 'user@1000.service', '', ''],
  ['a user’s service', `${userSlice}/app.slice/syncthing.service`, 'syncthing.service', '', ''],
  [
    'a desktop application',
    `${userSlice}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-0b1c.scope`,
    'vte-spawn-0b1c.scope',
    '',
    '',
  ],
  // The unit’s very name has the escape in it: systemctl knows no other.
  [
    'an escaped name',
    `${userSlice}/app.slice/app-gnome-org.gnome.Evolution\\x2dalarm\\x2dnotify-2345.scope`,
    'app-gnome-org.gnome.Evolution\\x2dalarm\\x2dnotify-2345.scope',
    '',
    '',
  ],
  [
    'an escaped instance',
    '/system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-disk-by\\x2duuid-1A2B.service',
    'systemd-fsck@dev-disk-by\\x2duuid-1A2B.service',
    '',
    '',
  ],
  ['a name the kernel would take for its own', '/system.slice/_cgroup.test.service', 'cgroup.test.service', '', ''],
  ['a delegated folder below a service', '/system.slice/slurmd.service/job_17/step_0', 'slurmd.service', '', ''],
  ['a socket’s own process', '/system.slice/cups.socket', 'cups.socket', '', ''],
  ['a slice only', '/system.slice', '', '', ''],
  ['the root', '/', '', '', ''],
  ['nspawn', '/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service', 'nginx.service', '', ''],
  [
    'LXC, which is none of the runtimes that are told apart',
    '/lxc.payload.web/system.slice/ssh.service',
    'ssh.service',
    '',
    '',
  ],
  // Docker
  ['Docker, systemd driver', `/system.slice/docker-${id}.scope`, `docker-${id}.scope`, 'docker', id],
  ['Docker, cgroupfs driver', `/docker/${id}`, '', 'docker', id],
  ['Docker, rootless', `${userSlice}/user.slice/docker-${id}.scope`, `docker-${id}.scope`, 'docker', id],
  ['Docker, a cgroup parent of one’s own', `/batch.slice/docker-${id}.scope`, `docker-${id}.scope`, 'docker', id],
  ['Docker in Docker', `/docker/${other}/docker/${id}`, '', 'docker', id],
  ['systemd in Docker', `/system.slice/docker-${id}.scope/system.slice/nginx.service`, 'nginx.service', 'docker', id],
  ['systemd itself in Docker', `/system.slice/docker-${id}.scope/init.scope`, `docker-${id}.scope`, 'docker', id],
  ['Docker’s daemon', '/system.slice/docker.service', 'docker.service', '', ''],
  ['a Moby namespace', `/moby/${id}`, '', 'docker', id],
  // containerd
  ['nerdctl, systemd driver', `/system.slice/nerdctl-${id}.scope`, `nerdctl-${id}.scope`, 'containerd', id],
  ['nerdctl, cgroupfs driver', `/default/${id}`, '', 'containerd', id],
  ['containerd’s Kubernetes namespace', `/k8s.io/${id}`, '', 'containerd', id],
  ['containerd’s daemon', '/system.slice/containerd.service', 'containerd.service', '', ''],
  // Podman
  ['Podman', `/machine.slice/libpod-${id}.scope/container`, `libpod-${id}.scope`, 'podman', id],
  ['Podman, runc', `/machine.slice/libpod-${id}.scope`, `libpod-${id}.scope`, 'podman', id],
  [
    'Podman in a pod',
    `/machine.slice/machine-libpod_pod_${other}.slice/libpod-${id}.scope`,
    `libpod-${id}.scope`,
    'podman',
    id,
  ],
  ['Podman, rootless', `${userSlice}/user.slice/libpod-${id}.scope/container`, `libpod-${id}.scope`, 'podman', id],
  ['Podman, quadlet', `/system.slice/web.service/libpod-payload-${id}`, 'web.service', 'podman', id],
  ['Podman, rootless quadlet', `${userSlice}/app.slice/web.service/libpod-payload-${id}`, 'web.service', 'podman', id],
  ['Podman, cgroupfs driver', `/libpod_parent/libpod-${id}`, '', 'podman', id],
  ['Podman’s monitor is outside', `/machine.slice/libpod-conmon-${id}.scope`, `libpod-conmon-${id}.scope`, '', ''],
  // Kubernetes
  ['Kubernetes, containerd', `${kubepods}/cri-containerd-${id}.scope`, `cri-containerd-${id}.scope`, 'containerd', id],
  ['Kubernetes, CRI-O', `${kubepods}/crio-${id}.scope`, `crio-${id}.scope`, 'cri-o', id],
  ['Kubernetes, CRI-O with a folder inside', `${kubepods}/crio-${id}.scope/container`, `crio-${id}.scope`, 'cri-o', id],
  ['Kubernetes, CRI-O’s monitor', `${kubepods}/crio-conmon-${id}.scope`, `crio-conmon-${id}.scope`, 'kubernetes', uid],
  ['Kubernetes, Docker', `${kubepods}/docker-${id}.scope`, `docker-${id}.scope`, 'docker', id],
  [
    'Kubernetes, guaranteed class',
    `/kubepods.slice/kubepods-pod${uidInSlice}.slice/cri-containerd-${id}.scope`,
    `cri-containerd-${id}.scope`,
    'containerd',
    id,
  ],
  ['Kubernetes, cgroupfs driver', `/kubepods/besteffort/pod${uid}/${id}`, '', 'kubernetes', id],
  ['Kubernetes, a static pod', `/kubepods/burstable/pod${staticPod}`, '', 'kubernetes', staticPod],
  ['Kubernetes, the pod alone', kubepods, '', 'kubernetes', uid],
  [
    'Kubernetes, drivers that disagree',
    `/system.slice/containerd.service/${podSlice}:cri-containerd:${id}`,
    'containerd.service',
    'containerd',
    id,
  ],
  ['k3s', `/system.slice/k3s.service/kubepods/burstable/pod${uid}/${id}`, 'k3s.service', 'kubernetes', id],
  [
    'kind: Kubernetes in Docker',
    `/system.slice/docker-${other}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-${podSlice}/cri-containerd-${id}.scope`,
    `cri-containerd-${id}.scope`,
    'containerd',
    id,
  ],
  [
    'the host’s groups seen from within a container',
    `/../../system.slice/docker-${id}.scope`,
    `docker-${id}.scope`,
    'docker',
    id,
  ],
  // not containers
  ['64 digits in a folder of nobody’s', `/batch/${id}`, '', '', ''],
  ['too short an id', '/docker/4f1d9e0b7c3a', '', '', ''],
  ['an object’s own key as a folder', `/constructor/${id}`, '', '', ''],
])('%s', (_what, path, unit, containerRuntime, containerId) => {
  expect(parseControlGroup(`0::${path}\n`)).toEqual({ path, unit, containerRuntime, containerId });
});

it.each<[what: string, text: string, expected: object]>([
  [
    'v1 with systemd',
    '12:pids:/system.slice/ssh.service\n3:cpu,cpuacct:/system.slice/ssh.service\n1:name=systemd:/system.slice/ssh.service\n',
    { path: '/system.slice/ssh.service', unit: 'ssh.service', containerId: '' },
  ],
  [
    'v1 with Docker',
    `11:memory:/docker/${id}\n5:freezer:/docker/${id}\n1:name=systemd:/docker/${id}\n`,
    { path: `/docker/${id}`, unit: '', containerRuntime: 'docker', containerId: id },
  ],
  [
    'hybrid: v2 empty, containers in v1',
    `9:name=systemd:${kubepods}/cri-containerd-${id}.scope\n4:memory:${kubepods}/cri-containerd-${id}.scope\n0::/\n`,
    { path: `${kubepods}/cri-containerd-${id}.scope`, containerRuntime: 'containerd', containerId: id },
  ],
  [
    'hybrid: v2 knows the unit only',
    `4:memory:/docker/${id}\n1:name=systemd:/docker/${id}\n0::/system.slice/containerd.service\n`,
    {
      path: '/system.slice/containerd.service',
      unit: 'containerd.service',
      containerRuntime: 'docker',
      containerId: id,
    },
  ],
  ['a controller with a colon in the path', '0::/system.slice/a:b.service\n', { unit: 'a:b.service' }],
  [
    'a folder that is gone',
    '0::/system.slice/old.service (deleted)\n',
    { path: '/system.slice/old.service', unit: 'old.service' },
  ],
  ['v1 without systemd', '2:cpu:/x\n', { path: '/x', unit: '' }],
  ['nothing', '', { path: '', unit: '', containerRuntime: '', containerId: '' }],
  ['no control group', 'garbage\n7:\n::\n', { path: '', unit: '', containerRuntime: '', containerId: '' }],
])('%s', (_what, text, expected) => {
  expect(parseControlGroup(text)).toMatchObject(expected);
});

it('cuts what a process with rights over its control groups could make endless', () => {
  const { path, unit } = parseControlGroup(`0::/${'x'.repeat(9_000)}.service\n`);
  expect([path.length, unit.length]).toEqual([4096, 255]);
});
