// Runs one program of the lab under its own name, which the agent then shows.  node program.ts web-server
const name = process.argv[2]!;
process.title = name;
await import(`./programs/${name}.ts`);
