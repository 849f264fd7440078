// Targets that were looked at in this browser, newest first.

const key = 'foretop.tool-targets';
const most = 30;

export function recentTargets(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string').slice(0, most) : [];
  } catch {
    return [];
  }
}

export function rememberTarget(target: string): void {
  const kept = [target, ...recentTargets().filter((one) => one !== target)].slice(0, most);
  localStorage.setItem(key, JSON.stringify(kept));
}
