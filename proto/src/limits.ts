// Every bound of the wire, checked before decoding where it concerns size. Exceeding one closes the connection or cuts the value.

export const limits = {
  /** One WebSocket message between agent and collector, bytes. Also ws's maxPayload. */
  frameBytes: 1 << 20,
  /** A sealed batch's zstd payload, bytes. */
  batchPayloadBytes: 512 << 10,
  /** A BatchBody after decompression, bytes. Guards against decompression bombs. */
  batchBodyBytes: 8 << 20,
  /** Where an agent seals a batch early, bytes of BatchBody. */
  batchSealBytes: 256 << 10,
  /** Rows of any one kind in a batch. */
  batchRows: 20_000,
  stringTable: 20_000,
  /** Series of one metric chunk; a metric occurs once. */
  chunkSeries: 32,
  /** A host-supplied string, UTF-16 units; longer ones are cut by the receiver. */
  textLength: 4_096,
  nameLength: 255,
  commLength: 64,
  /** 253 characters of RFC 1035, each at most written as \DDD. */
  dnsNameLength: 1_012,
  /** A and AAAA records of one DNS answer. */
  dnsAddresses: 64,
  dnsCanonicalNames: 16,
  tokenLength: 1_024,
  jwtLength: 4_096,
  epochs: 64,
  sources: 32,
  addresses: 64,
  interfaces: 1_024,
  /** Rows of a live table that a collector holds for a watched host. */
  liveConnections: 200_000,
  liveProcesses: 65_536,
  /** Rows of the live tables of all watched hosts together. */
  liveRows: 400_000,
  /** Opened or updated rows in one LiveFrame; a larger key frame is sent as several frames. */
  liveRowsPerFrame: 4_000,
  /** A frame from a browser, bytes. */
  viewerFrameBytes: 4_096,
  /** Batches sent and not yet acknowledged. */
  inflightBatches: 8,
  segmentSpanUs: 300_000_000,
  /** First to last packet of one row of scan evidence. */
  scanSpanUs: 3_600_000_000,
  pulseIntervalMs: 1_000,
  leaseMs: 15_000,
  leaseRenewMs: 5_000,
  liveRateHz: 10,
} as const;
