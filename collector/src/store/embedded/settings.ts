// How the embedded server is set up: durable, quiet, and small enough for a small machine.
import { totalmem } from 'node:os';

/** Settings as command-line arguments, which outrank every file in the data directory. */
export function serverArguments(data: string, socketDir: string, memoryBytes = totalmem()): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    max_connections: 40,
    shared_buffers: `${sharedMegabytes(memoryBytes)}MB`,
    // Nothing replicates from here: the log needs only what recovery after a crash needs.
    wal_level: 'minimal',
    max_wal_senders: 0,
    min_wal_size: '80MB',
    max_wal_size: '512MB',
    checkpoint_timeout: '15min',
    synchronous_commit: 'on',
    jit: 'off',
    io_method: 'sync',
    max_parallel_workers_per_gather: 1,
    autovacuum_max_workers: 2,
    // Parents that die without a word leave no session behind for long.
    idle_in_transaction_session_timeout: '5min',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
    log_min_messages: 'warning',
    cluster_name: 'foretop',
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** A sixteenth of the memory, between 32 and 512 MB: rows are written once and read from the newest pages. */
function sharedMegabytes(memoryBytes: number): number {
  return Math.min(Math.max(Math.floor(memoryBytes / 16 / 2 ** 20), 32), 512);
}
