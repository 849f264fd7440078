// The two clocks of a host, injected wherever time is read so that tests can set it.

export interface Clock {
  /** CLOCK_BOOTTIME: microseconds since boot, suspend included. Monotonic; shared by all processes of one boot. */
  boottimeUs(): number;
  /** CLOCK_REALTIME: microseconds since the Unix epoch. Never trusted. */
  wallUs(): number;
}
