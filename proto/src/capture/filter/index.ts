// Filters of packet captures: a documented part of tcpdump's language, read, checked and compiled for the kernel. Runs in the browser too.
export { compileFilter, type CompileOptions } from './compile.ts';
export type { Filter } from './filter.ts';
export { FilterFault } from './filter-fault.ts';
export { parseFilter } from './parse.ts';
